//! Extended headers: `length key=value\n` records.

/// What pax records say that matters here.
#[derive(Debug, Clone, Default)]
pub(super) struct Pax {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    /// `GNU.sparse.realsize` or `GNU.sparse.size`.
    pub(super) real_size: Option<u64>,
    /// `GNU.sparse.name`.
    pub(super) real_path: Option<Vec<u8>>,
    /// `GNU.sparse.major`: 1 means that the map begins the content.
    pub(super) sparse_major: Option<u64>,
    /// `GNU.sparse.map` (0.1) or `GNU.sparse.offset`/`numbytes` pairs (0.0), as a flat list.
    pub(super) map: Vec<u64>,
}

/// Most numbers in a sparse map.
pub(super) const MAX_MAP: usize = 200_000;

impl Pax {
    /// Reads records over what is there already; `None` where they are malformed.
    pub(super) fn read(&mut self, mut bytes: &[u8]) -> Option<()> {
        while !bytes.is_empty() {
            if bytes.iter().all(|b| *b == 0) {
                return Some(());
            }
            let space = memchr::memchr(b' ', bytes.get(..bytes.len().min(20))?)?;
            let length = decimal(bytes.get(..space)?)?;
            let length = usize::try_from(length).ok()?;
            let record = bytes.get(space.checked_add(1)?..length.checked_sub(1)?)?;
            if bytes.get(length - 1) != Some(&b'\n') {
                return None;
            }
            bytes = bytes.get(length..)?;
            let equals = memchr::memchr(b'=', record)?;
            self.set(record.get(..equals)?, record.get(equals + 1..)?)?;
        }
        Some(())
    }

    fn set(&mut self, key: &[u8], value: &[u8]) -> Option<()> {
        match key {
            b"path" => self.path = Some(value.to_vec()),
            b"linkpath" => self.link = Some(value.to_vec()),
            b"size" => self.size = Some(decimal(value)?),
            b"GNU.sparse.name" => self.real_path = Some(value.to_vec()),
            b"GNU.sparse.realsize" | b"GNU.sparse.size" => self.real_size = Some(decimal(value)?),
            b"GNU.sparse.major" => self.sparse_major = Some(decimal(value)?),
            b"GNU.sparse.map" => {
                for number in value.split(|b| *b == b',') {
                    self.push(decimal(number)?)?;
                }
            }
            b"GNU.sparse.offset" | b"GNU.sparse.numbytes" => self.push(decimal(value)?)?,
            _ => {}
        }
        Some(())
    }

    fn push(&mut self, number: u64) -> Option<()> {
        (self.map.len() < MAX_MAP).then(|| self.map.push(number))
    }
}

pub(super) fn decimal(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}
