//! The first message of a client that speaks TLS (RFC 8446, section 4.1.2): which server it wants.

use seawall_model::ByteString;

/// A host's name is at most this long.
const LONGEST_NAME: usize = 255;
/// Extensions that are looked at.
const MOST_EXTENSIONS: usize = 256;

const SERVER_NAME: u16 = 0;
const ENCRYPTED_HELLO: u16 = 0xfe0d;

/// What a client says first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientHello {
    /// The server's name; none where the client does not say it, or the bytes end before it.
    pub server_name: Option<ByteString>,
    /// The client hides the true name (ECH); the one that is told is the provider's.
    pub encrypted: bool,
}

/// Reads a ClientHello from the first bytes of a connection, which may be cut; none where they are something else.
pub fn read_client_hello(bytes: &[u8]) -> Option<ClientHello> {
    let mut handshake = Vec::new();
    let mut rest = bytes;
    // A message may be spread over records; each has a head of five bytes.
    while let Some((head, behind)) = rest.split_first_chunk::<5>() {
        let [22, 3, _, high, low] = *head else { break };
        let (part, next) = behind.split_at(usize::from(u16::from_be_bytes([high, low])).min(behind.len()));
        handshake.extend_from_slice(part);
        rest = next;
    }
    // The kind and three bytes of length, the version, and the random bytes.
    let mut hello = Reader(handshake.get(4..).filter(|_| handshake.first() == Some(&1))?);
    hello.take(2 + 32)?;
    let read = || -> Option<ClientHello> {
        let mut hello = hello;
        let session = usize::from(hello.byte()?);
        hello.take(session)?;
        let suites = hello.length()?;
        hello.take(suites)?;
        let compressions = usize::from(hello.byte()?);
        hello.take(compressions)?;
        hello.length()?;
        let mut found = ClientHello::default();
        for _ in 0..MOST_EXTENSIONS {
            let Some(kind) = hello.number() else { break };
            let Some(length) = hello.length() else { break };
            let data = Reader(hello.0.get(..length).unwrap_or(hello.0));
            match kind {
                SERVER_NAME => found.server_name = found.server_name.or_else(|| server_name(data)),
                ENCRYPTED_HELLO => found.encrypted = true,
                _ => {}
            }
            if hello.take(length).is_none() {
                break;
            }
        }
        Some(found)
    };
    Some(read().unwrap_or_default())
}

/// The host's name of the extension (RFC 6066, section 3): a list of which only the first host counts.
fn server_name(mut list: Reader<'_>) -> Option<ByteString> {
    list.length()?;
    if list.byte()? != 0 {
        return None;
    }
    let length = list.length().filter(|l| (1..=LONGEST_NAME).contains(l))?;
    let name = list.take(length)?;
    name.iter().all(u8::is_ascii_graphic).then(|| name.into())
}

#[derive(Clone, Copy)]
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (first, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(first)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn number(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn length(&mut self) -> Option<usize> {
        self.number().map(usize::from)
    }
}

#[cfg(test)]
mod tests {
    use super::read_client_hello;

    /// A ClientHello with these extensions, in records of at most `most` bytes.
    fn hello(extensions: &[u8], most: usize) -> Vec<u8> {
        let length = u16::try_from(extensions.len()).expect("short").to_be_bytes();
        let body = [&[3, 3][..], &[7; 32], &[0, 0, 2, 0x13, 1, 1, 0], &length, extensions].concat();
        let size = u16::try_from(body.len()).expect("short").to_be_bytes();
        let message = [&[1, 0][..], &size, &body].concat();
        let record = |part: &[u8]| [&[22, 3, 1][..], &(part.len() as u16).to_be_bytes(), part].concat();
        message.chunks(most).map(record).collect::<Vec<_>>().concat()
    }

    const NAME: &[u8] = b"\0\0\0\x10\0\x0e\0\0\x0bexample.com";

    #[test]
    fn the_name_is_found_behind_other_extensions_and_across_records() {
        for most in [4096, 40, 7] {
            let found = read_client_hello(&hello(&[b"\0\x0a\0\x02\0\x1d".as_slice(), NAME].concat(), most));
            let found = found.expect("a hello");
            assert_eq!(found.server_name.as_deref(), Some(&b"example.com"[..]));
            assert!(!found.encrypted);
        }
    }

    #[test]
    fn what_is_cut_or_strange_has_no_name() {
        let whole = hello(NAME, 4096);
        for end in 0..whole.len() {
            let found = read_client_hello(&whole[..end]);
            assert!(found.is_none_or(|f| f.server_name.is_none()), "{end}");
        }
        assert_eq!(read_client_hello(b"GET / HTTP/1.1\r\n"), None);
        let blank = hello(b"\0\0\0\x10\0\x0e\0\0\x0bexam le.com", 4096);
        assert_eq!(read_client_hello(&blank).expect("a hello").server_name, None);
        assert!(read_client_hello(&hello(b"\xfe\x0d\0\x01x", 4096)).expect("a hello").encrypted);
    }
}
