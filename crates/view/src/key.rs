//! From a terminal's bytes to keys.

/// A key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "keys are named as they are printed")]
pub enum Key {
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
    Enter,
    Tab,
    Escape,
    Backspace,
    /// Ctrl-C or Ctrl-D.
    Interrupt,
    Char(char),
}

/// Longest sequence that is waited for; what is longer is none of ours.
const LONGEST: usize = 16;

/// Puts keys together: a sequence may come in two pieces.
#[derive(Debug, Default)]
pub struct Keys {
    pending: Vec<u8>,
}

impl Keys {
    /// The keys of these bytes. Called without any, an escape that nothing followed is the escape key.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Key> {
        let quiet = bytes.is_empty();
        self.pending.extend_from_slice(bytes);
        let mut keys = Vec::new();
        while let Some((key, used)) = first(&self.pending, quiet) {
            self.pending.drain(..used);
            keys.extend(key);
        }
        keys
    }
}

/// The first key and how many bytes it takes; none where more must come.
fn first(bytes: &[u8], quiet: bool) -> Option<(Option<Key>, usize)> {
    match bytes {
        [] => None,
        [0x1b, b'[' | b'O', rest @ ..] => sequence(rest, quiet).map(|(key, used)| (key, used + 2)),
        [0x1b] if !quiet => None,
        [0x1b, ..] => Some((Some(Key::Escape), 1)),
        [b'\r' | b'\n', ..] => Some((Some(Key::Enter), 1)),
        [b'\t', ..] => Some((Some(Key::Tab), 1)),
        [0x7f | 0x08, ..] => Some((Some(Key::Backspace), 1)),
        [0x03 | 0x04, ..] => Some((Some(Key::Interrupt), 1)),
        [0x00..=0x1f, ..] => Some((None, 1)),
        [lead, ..] => {
            let length = match lead {
                0xc2..=0xdf => 2,
                0xe0..=0xef => 3,
                0xf0..=0xf4 => 4,
                _ => 1,
            };
            let Some(character) = bytes.get(..length) else { return if quiet { Some((None, 1)) } else { None } };
            let text = std::str::from_utf8(character).ok().and_then(|text| text.chars().next());
            Some((text.filter(|c| !c.is_control()).map(Key::Char), if text.is_some() { length } else { 1 }))
        }
    }
}

/// What follows `ESC [` or `ESC O`: parameters, then a byte that ends it (ECMA-48, 5.4).
fn sequence(rest: &[u8], quiet: bool) -> Option<(Option<Key>, usize)> {
    let Some(end) = rest.iter().position(|b| (0x40..=0x7e).contains(b)) else {
        return (quiet || rest.len() > LONGEST).then_some((None, rest.len()));
    };
    let key = match (rest.get(..end).unwrap_or_default(), rest.get(end)) {
        (_, Some(b'A')) => Some(Key::Up),
        (_, Some(b'B')) => Some(Key::Down),
        (_, Some(b'H')) | (b"1" | b"7", Some(b'~')) => Some(Key::Home),
        (_, Some(b'F')) | (b"4" | b"8", Some(b'~')) => Some(Key::End),
        (b"5", Some(b'~')) => Some(Key::PageUp),
        (b"6", Some(b'~')) => Some(Key::PageDown),
        (_, Some(b'M')) => Some(Key::Enter),
        _ => None,
    };
    Some((key, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_whole_and_in_pieces() {
        let mut keys = Keys::default();
        assert_eq!(
            keys.feed(b"k\x1b[B\x1bOA\x1b[5~\x1b[1;5Dq"),
            [Key::Char('k'), Key::Down, Key::Up, Key::PageUp, Key::Char('q')]
        );
        assert_eq!(keys.feed(b"\x1b"), []);
        assert_eq!(keys.feed(b"[A"), [Key::Up]);
        assert_eq!(keys.feed(b"\x1b"), []);
        assert_eq!(keys.feed(b""), [Key::Escape]);
        assert_eq!(keys.feed("é".as_bytes()), [Key::Char('é')]);
        assert_eq!(keys.feed(b"\xff\x00\x03\x7f\r"), [Key::Interrupt, Key::Backspace, Key::Enter]);
        assert_eq!(keys.feed(&[b"\x1b[".as_slice(), &[b'1'; 100]].concat()), []);
        assert_eq!(keys.feed(b"q"), [Key::Char('q')]);
    }
}
