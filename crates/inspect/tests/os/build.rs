//! Makes small rpm databases: package headers, and the back ends that Debian's rpm cannot write.

/// The data of a tag.
pub(crate) enum Value<'a> {
    Text(&'a str),
    Texts(&'a [&'a str]),
    Numbers(&'a [u32]),
    Shorts(&'a [u16]),
    Bytes(&'a [u8]),
}

/// A header blob as a database stores it.
pub(crate) fn header(tags: &[(u32, Value<'_>)]) -> Vec<u8> {
    let (mut index, mut store) = (Vec::new(), Vec::new());
    for (tag, value) in tags {
        let (kind, align, count, bytes): (u32, usize, usize, Vec<u8>) = match value {
            Value::Text(text) => (6, 1, 1, [text.as_bytes(), b"\0"].concat()),
            Value::Texts(texts) => {
                (8, 1, texts.len(), texts.iter().flat_map(|t| [t.as_bytes(), b"\0"].concat()).collect())
            }
            Value::Numbers(numbers) => (4, 4, numbers.len(), numbers.iter().flat_map(|n| n.to_be_bytes()).collect()),
            Value::Shorts(numbers) => (3, 2, numbers.len(), numbers.iter().flat_map(|n| n.to_be_bytes()).collect()),
            Value::Bytes(bytes) => (7, 1, bytes.len(), bytes.to_vec()),
        };
        store.resize(store.len().next_multiple_of(align), 0);
        for number in [*tag, kind, store.len() as u32, count as u32] {
            index.extend(number.to_be_bytes());
        }
        store.extend(bytes);
    }
    [&(tags.len() as u32).to_be_bytes()[..], &(store.len() as u32).to_be_bytes(), &index, &store].concat()
}

/// Two packages and a public key, as small as they get while every tag that is read is there.
pub(crate) fn packages() -> Vec<Vec<u8>> {
    let tide = header(&[
        (261, Value::Bytes(&[0xab; 16])),
        (1000, Value::Text("tide")),
        (1001, Value::Text("1.4")),
        (1002, Value::Text("3.el8")),
        (1003, Value::Numbers(&[2])),
        (1011, Value::Text("Seawall tests")),
        (1014, Value::Text("MIT")),
        (1022, Value::Text("x86_64")),
        (1030, Value::Shorts(&[0o100_755, 0o040_755, 0o100_644])),
        (1044, Value::Text("tide-1.4-3.el8.src.rpm")),
        (1047, Value::Texts(&["tide", "tide(x86-64)", "config(tide)"])),
        (1049, Value::Texts(&["/bin/sh", "rpmlib(CompressedFileNames)", "tide-libs", "/bin/sh"])),
        (1116, Value::Numbers(&[0, 1, 2])),
        (1117, Value::Texts(&["tide", "tide", "tide.conf"])),
        (1118, Value::Texts(&["/usr/bin/", "/usr/share/", "/etc/"])),
        (5096, Value::Text("tide:1:8080020240101:abcd")),
    ]);
    let libs = header(&[
        (1000, Value::Text("tide-libs")),
        (1001, Value::Text("7")),
        (1002, Value::Text("3.el8")),
        (1022, Value::Text("x86_64")),
        (1044, Value::Text("tide-1.4-3.el8.src.rpm")),
        (1047, Value::Texts(&["tide-libs"])),
        (1116, Value::Numbers(&[0])),
        (1117, Value::Texts(&["libtide.so.7"])),
        (1118, Value::Texts(&["/usr/lib64/"])),
    ]);
    let key =
        header(&[(1000, Value::Text("gpg-pubkey")), (1001, Value::Text("fd431d51")), (1002, Value::Text("4ae0493b"))]);
    vec![tide, libs, key]
}

/// An NDB database with one page of slots.
pub(crate) fn ndb(headers: &[Vec<u8>]) -> Vec<u8> {
    let mut slots = Vec::new();
    let mut blobs = Vec::new();
    for number in [u32::from_le_bytes(*b"RpmP"), 0, 1, 1, headers.len() as u32 + 1, 0, 0, 0] {
        slots.extend(number.to_le_bytes());
    }
    for (index, header) in (1_u32..).zip(headers) {
        let block = (4096 + blobs.len()) as u32 / 16;
        for number in [u32::from_le_bytes(*b"BlbS"), index, 1, header.len() as u32] {
            blobs.extend(number.to_le_bytes());
        }
        blobs.extend(header);
        // The end: padding, a checksum that is not looked at, the length again.
        blobs.resize((blobs.len() + 12).next_multiple_of(16) - 12, 0);
        for number in [0, header.len() as u32, u32::from_le_bytes(*b"BlbE")] {
            blobs.extend(number.to_le_bytes());
        }
        for number in [u32::from_le_bytes(*b"Slot"), index, block, (header.len() as u32 + 28).div_ceil(16)] {
            slots.extend(number.to_le_bytes());
        }
    }
    while slots.len() < 4096 {
        for number in [u32::from_le_bytes(*b"Slot"), 0, 0, 0] {
            slots.extend(number.to_le_bytes());
        }
    }
    [slots, blobs].concat()
}

/// A Berkeley DB hash with pages of 512 bytes: the highest package number and every header but the last, each in a
/// chain of overflow pages, and the last one within the page.
pub(crate) fn berkeley_db(headers: &[Vec<u8>], big: bool) -> Vec<u8> {
    const SIZE: usize = 512;
    let n32 = |n: u32| if big { n.to_be_bytes() } else { n.to_le_bytes() };
    let n16 = |n: u16| if big { n.to_be_bytes() } else { n.to_le_bytes() };
    let mut pages: Vec<[u8; SIZE]> = vec![[0; SIZE]; 2];
    let mut items: Vec<Vec<u8>> = vec![[&[1][..], &n32(0)].concat(), [&[1][..], &n32(headers.len() as u32)].concat()];
    for (index, header) in (1_u32..).zip(headers) {
        items.push([&[1][..], &n32(index)].concat());
        if index as usize == headers.len() {
            items.push([&[1][..], header].concat());
            continue;
        }
        items.push([&[3, 0, 0, 0][..], &n32(pages.len() as u32), &n32(header.len() as u32)].concat());
        let chunks: Vec<_> = header.chunks(SIZE - 26).collect();
        for (at, chunk) in chunks.iter().enumerate() {
            let mut page = [0; SIZE];
            let number = pages.len() as u32;
            page[8..12].copy_from_slice(&n32(number));
            page[16..20].copy_from_slice(&n32(if at + 1 == chunks.len() { 0 } else { number + 1 }));
            page[22..24].copy_from_slice(&n16(chunk.len() as u16));
            page[25] = 7;
            page[26..26 + chunk.len()].copy_from_slice(chunk);
            pages.push(page);
        }
    }
    let last = pages.len() as u32 - 1;
    let meta = &mut pages[0];
    meta[12..16].copy_from_slice(&n32(0x0006_1561));
    meta[16..20].copy_from_slice(&n32(9));
    meta[20..24].copy_from_slice(&n32(SIZE as u32));
    meta[25] = 8;
    meta[32..36].copy_from_slice(&n32(last));
    let hash = &mut pages[1];
    hash[8..12].copy_from_slice(&n32(1));
    hash[20..22].copy_from_slice(&n16(items.len() as u16));
    hash[25] = 13;
    let mut end = SIZE;
    for (at, item) in items.iter().enumerate() {
        let start = end - item.len();
        hash[start..end].copy_from_slice(item);
        hash[26 + 2 * at..28 + 2 * at].copy_from_slice(&n16(start as u16));
        end = start;
    }
    pages.concat()
}
