use super::reader::TarError;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A folder.
    Directory,
    /// A symbolic link; [`Entry::link`] is where it points, as written.
    Symlink,
    /// A hard link; [`Entry::link`] is the path of an entry that came before, as written.
    HardLink,
    /// A device, fifo or anything else without content.
    Other,
}

/// One entry of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Path as written; clean it with [`crate::clean_path`].
    pub path: Vec<u8>,
    /// Target of a link, as written.
    pub link: Vec<u8>,
    /// What it is.
    pub kind: EntryKind,
    /// Permission bits.
    pub mode: u32,
    /// Bytes of content, for sparse files with the holes filled.
    pub size: u64,
}

pub(super) const BLOCK: usize = 512;

/// A raw 512-byte header block.
pub(super) struct Header<'a>(&'a [u8; BLOCK]);

/// What the type flag of a header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flag {
    Entry(EntryKind),
    GnuSparse,
    LongName,
    LongLink,
    Pax,
    PaxGlobal,
}

impl<'a> Header<'a> {
    pub(super) fn new(block: &'a [u8; BLOCK]) -> Self {
        Self(block)
    }

    pub(super) fn field(&self, from: usize, length: usize) -> &'a [u8] {
        self.0.get(from..from.saturating_add(length)).unwrap_or_default()
    }

    pub(super) fn is_zero(&self) -> bool {
        self.0.iter().all(|b| *b == 0)
    }

    /// The checksum is the sum of all bytes with the checksum field itself as spaces; old writers summed signed bytes.
    pub(super) fn verify(&self, offset: u64) -> Result<(), TarError> {
        let stated = number(self.field(148, 8));
        let (mut unsigned, mut signed) = (0i64, 0i64);
        for (i, byte) in self.0.iter().enumerate() {
            let byte = if (148..156).contains(&i) { b' ' } else { *byte };
            unsigned += i64::from(byte);
            signed += i64::from(byte as i8);
        }
        match stated.and_then(|s| i64::try_from(s).ok()) {
            Some(sum) if sum == unsigned || sum == signed => Ok(()),
            _ => Err(TarError::Checksum { offset }),
        }
    }

    pub(super) fn flag(&self) -> Flag {
        match self.field(156, 1) {
            b"1" => Flag::Entry(EntryKind::HardLink),
            b"2" => Flag::Entry(EntryKind::Symlink),
            b"3" | b"4" | b"6" => Flag::Entry(EntryKind::Other),
            b"5" => Flag::Entry(EntryKind::Directory),
            b"S" => Flag::GnuSparse,
            b"L" => Flag::LongName,
            b"K" => Flag::LongLink,
            b"x" | b"X" => Flag::Pax,
            b"g" => Flag::PaxGlobal,
            // "0", NUL, "7" (contiguous) and all that is unknown is a regular file, as POSIX asks.
            _ => Flag::Entry(EntryKind::File),
        }
    }

    pub(super) fn size(&self, offset: u64) -> Result<u64, TarError> {
        number(self.field(124, 12)).ok_or(TarError::Number { offset, field: "size" })
    }

    pub(super) fn mode(&self) -> u32 {
        number(self.field(100, 8)).and_then(|m| u32::try_from(m & 0o7777).ok()).unwrap_or(0)
    }

    pub(super) fn path(&self) -> Vec<u8> {
        let name = text(self.field(0, 100));
        let prefix = if self.field(257, 6) == b"ustar\0" { text(self.field(345, 155)) } else { &[] };
        if prefix.is_empty() { name.to_vec() } else { [prefix, b"/", name].concat() }
    }

    pub(super) fn link(&self) -> Vec<u8> {
        text(self.field(157, 100)).to_vec()
    }
}

/// The bytes before the first NUL.
pub(super) fn text(field: &[u8]) -> &[u8] {
    field.split(|b| *b == 0).next().unwrap_or_default()
}

/// A number field: octal text, or big-endian bytes with the highest bit set (GNU).
pub(super) fn number(field: &[u8]) -> Option<u64> {
    let (first, rest) = field.split_first()?;
    if first & 0x80 != 0 {
        // 0xff begins a negative number, which no field that is read here may be.
        let mut value = u64::from(first & 0x7f);
        for byte in rest {
            value = value.checked_mul(256)?.checked_add(u64::from(*byte))?;
        }
        return Some(value);
    }
    let mut value = 0u64;
    let digits = field.iter().copied().skip_while(|b| *b == b' ').take_while(|b| *b != 0 && *b != b' ');
    for digit in digits {
        if !(b'0'..=b'7').contains(&digit) {
            return None;
        }
        value = value.checked_mul(8)?.checked_add(u64::from(digit - b'0'))?;
    }
    Some(value)
}
