//! Messages of the domain name system (RFC 1035), as hostile programs send them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use seawall_model::ByteString;

/// A name on the wire is at most this long.
const LONGEST_NAME: usize = 255;
/// Records of a message that are looked at.
const MOST_RECORDS: usize = 64;
/// Bytes of text of a record that are kept.
const LONGEST_TEXT: usize = 512;
/// Bytes of the head of a message.
const HEAD: usize = 12;

const A: u16 = 1;
const NS: u16 = 2;
const CNAME: u16 = 5;
const PTR: u16 = 12;
const TXT: u16 = 16;
const AAAA: u16 = 28;

/// A message: the first question, and what was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsMessage {
    /// An answer, not a question.
    pub answer: bool,
    /// The code of an answer (`RCODE`): 0 is success.
    pub code: u8,
    /// The name that is asked for, without the dot at its end; bytes that are not printable are written `\DDD`.
    pub name: ByteString,
    /// The type that is asked for.
    pub kind: u16,
    /// Bytes of the longest label of the name.
    pub longest_label: usize,
    /// What was answered, in the order of the message.
    pub answers: Vec<DnsAnswer>,
}

/// One record of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DnsAnswer {
    /// `A` or `AAAA`.
    Address(IpAddr),
    /// `CNAME`, `NS` or `PTR`.
    Name(ByteString),
    /// `TXT`.
    Text(ByteString),
    /// Any other type, by its number.
    Other(u16),
}

/// Reads a message; none where it is not one, or has no question. What follows the part that can be read is left out.
pub fn read_dns_message(bytes: &[u8]) -> Option<DnsMessage> {
    let flags = number(bytes, 2)?;
    // A standard query: other operations (updates, notifications) are for servers among themselves.
    if flags & 0x7800 != 0 || number(bytes, 4)? == 0 {
        return None;
    }
    let (name, longest_label, at) = read_name(bytes, HEAD)?;
    let kind = number(bytes, at)?;
    number(bytes, at + 2)?;
    let answer = flags & 0x8000 != 0;
    let count = if answer && number(bytes, 4)? == 1 { usize::from(number(bytes, 6)?) } else { 0 };
    let mut message = DnsMessage { answer, code: (flags & 15) as u8, name, kind, longest_label, answers: Vec::new() };
    let mut at = at + 4;
    for _ in 0..count.min(MOST_RECORDS) {
        let Some((found, next)) = read_record(bytes, at) else { break };
        message.answers.push(found);
        at = next;
    }
    Some(message)
}

fn number(bytes: &[u8], at: usize) -> Option<u16> {
    let pair = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_be_bytes(pair.try_into().ok()?))
}

/// One record, and the place behind it.
fn read_record(bytes: &[u8], at: usize) -> Option<(DnsAnswer, usize)> {
    let (_, _, at) = read_name(bytes, at)?;
    let kind = number(bytes, at)?;
    let length = usize::from(number(bytes, at + 8)?);
    let start = at + 10;
    let data = bytes.get(start..start + length)?;
    let answer = match kind {
        A => DnsAnswer::Address(Ipv4Addr::from(<[u8; 4]>::try_from(data).ok()?).into()),
        AAAA => DnsAnswer::Address(Ipv6Addr::from(<[u8; 16]>::try_from(data).ok()?).into()),
        CNAME | NS | PTR => DnsAnswer::Name(read_name(bytes, start)?.0),
        TXT => DnsAnswer::Text(strings(data)),
        other => DnsAnswer::Other(other),
    };
    Some((answer, start + length))
}

/// The character strings of a `TXT` record, one after another.
fn strings(mut data: &[u8]) -> ByteString {
    let mut text = Vec::new();
    while let Some((length, rest)) = data.split_first() {
        let (part, rest) = rest.split_at(usize::from(*length).min(rest.len()));
        for byte in part.iter().take(LONGEST_TEXT.saturating_sub(text.len())) {
            escape(*byte, b",", &mut text);
        }
        data = rest;
    }
    text.into()
}

/// A name, its longest label, and the place behind it. A pointer must lead back: so none is followed twice.
fn read_name(bytes: &[u8], start: usize) -> Option<(ByteString, usize, usize)> {
    let (mut at, mut behind, mut limit) = (start, None, start);
    let (mut text, mut longest, mut length) = (Vec::new(), 0, 0);
    loop {
        let head = *bytes.get(at)?;
        match head {
            0 => {
                let behind = behind.unwrap_or(at + 1);
                return Some((text.into(), longest, behind));
            }
            1..=63 => {
                let label = bytes.get(at + 1..at + 1 + usize::from(head))?;
                length += label.len() + 1;
                if length >= LONGEST_NAME {
                    return None;
                }
                if !text.is_empty() {
                    text.push(b'.');
                }
                label.iter().for_each(|byte| escape(*byte, b".,", &mut text));
                longest = longest.max(label.len());
                at += 1 + label.len();
            }
            0xc0.. => {
                let target = usize::from(number(bytes, at)? & 0x3fff);
                if target >= limit || target < HEAD {
                    return None;
                }
                behind = behind.or(Some(at + 2));
                (at, limit) = (target, target);
            }
            _ => return None,
        }
    }
}

/// As zone files write it: what is not printable, and what would be taken for something else, by its number.
fn escape(byte: u8, special: &[u8], text: &mut Vec<u8>) {
    if byte.is_ascii_graphic() && byte != b'\\' && !special.contains(&byte) {
        text.push(byte);
    } else {
        text.extend_from_slice(format!("\\{byte:03}").as_bytes());
    }
}

/// The name of a type.
pub(crate) fn kind_name(kind: u16) -> String {
    let name = match kind {
        A => "A",
        NS => "NS",
        CNAME => "CNAME",
        6 => "SOA",
        10 => "NULL",
        PTR => "PTR",
        13 => "HINFO",
        15 => "MX",
        TXT => "TXT",
        25 => "KEY",
        AAAA => "AAAA",
        33 => "SRV",
        35 => "NAPTR",
        43 => "DS",
        48 => "DNSKEY",
        52 => "TLSA",
        64 => "SVCB",
        65 => "HTTPS",
        99 => "SPF",
        252 => "AXFR",
        255 => "ANY",
        257 => "CAA",
        65399 => "PRIVATE",
        // As RFC 3597 writes types that have no name.
        other => return format!("TYPE{other}"),
    };
    name.to_owned()
}

/// The name of an answer's code.
pub(crate) fn code_name(code: u8) -> String {
    let name = match code {
        0 => "NOERROR",
        1 => "FORMERR",
        2 => "SERVFAIL",
        3 => "NXDOMAIN",
        4 => "NOTIMP",
        5 => "REFUSED",
        other => return format!("RCODE{other}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(flags: u16, counts: [u16; 2], body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x12, 0x34];
        for value in [flags, counts[0], counts[1], 0, 0] {
            bytes.extend(value.to_be_bytes());
        }
        bytes.extend_from_slice(body);
        bytes
    }

    const QUESTION: &[u8] = b"\x03www\x07example\x03com\0\0\x01\0\x01";

    #[test]
    fn a_question_and_its_answer_are_read() {
        let asked = read_dns_message(&message(0x0100, [1, 0], QUESTION)).expect("a question");
        assert_eq!(
            (&*asked.name, asked.kind, asked.answer, asked.longest_label),
            (&b"www.example.com"[..], A, false, 7)
        );
        let records = b"\xc0\x0c\0\x05\0\x01\0\0\0\x3c\0\x02\xc0\x10\xc0\x10\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x01";
        let told = read_dns_message(&message(0x8180, [1, 2], &[QUESTION, records].concat())).expect("an answer");
        let address = DnsAnswer::Address("192.0.2.1".parse().expect("an address"));
        assert_eq!(told.answers, [DnsAnswer::Name(b"example.com"[..].into()), address]);
        assert_eq!((told.answer, told.code), (true, 0));
    }

    #[test]
    fn pointers_that_go_round_or_forward_are_refused() {
        for name in [&b"\xc0\x0c"[..], b"\x01a\xc0\x0c", b"\xc0\x20", b"\xc0\x00", b"\x40a\0", b"\x05ab"] {
            let body = [name, b"\0\x01\0\x01"].concat();
            assert_eq!(read_dns_message(&message(0x0100, [1, 0], &body)), None, "{name:?}");
        }
    }

    #[test]
    fn names_are_bounded_and_never_hide_a_byte() {
        let long = [b"\x3f".as_slice(), &[b'x'; 63]].concat().repeat(4);
        assert_eq!(read_dns_message(&message(0x0100, [1, 0], &[&long[..], b"\0\0\x01\0\x01"].concat())), None);
        let odd = read_dns_message(&message(0x0100, [1, 0], b"\x05a.\\\n\xff\0\0\x10\0\x01")).expect("read");
        assert_eq!(odd.name.to_text(), "a\\046\\092\\010\\255");
        assert_eq!(odd.kind, TXT);
        assert_eq!(read_dns_message(b"SSH-2.0-OpenSSH_9.2\r\n"), None);
    }
}
