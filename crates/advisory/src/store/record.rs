//! The descriptive part of an advisory (everything but what it affects), as kept in the compressed blocks.

use seawall_model::{Advisory, AdvisoryKind, CvssVector, Severity};

use super::bytes::{Cursor, put_text, put_varint};

/// Marks a score that is not a whole number of tenths and follows as eight bytes.
const RAW_SCORE: u8 = 0xff;

const REFERENCE_TEXT: u8 = 0;
const REFERENCE_OWN_ID: u8 = 1;
const REFERENCE_HEX: u8 = 2;
/// Fewer digits are not worth a case of their own.
const SHORTEST_HEX: usize = 12;

/// Encodes all but source, kind, severity (they stand in the advisory table) and `affected`.
pub(crate) fn encode(advisory: &Advisory) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    put_text(&mut out, &advisory.id);
    put_texts(&mut out, &advisory.aliases);
    put_texts(&mut out, &advisory.related);
    put_text(&mut out, &advisory.title);
    put_varint(&mut out, advisory.cvss.len() as u64);
    for vector in &advisory.cvss {
        put_text(&mut out, &vector.version);
        put_text(&mut out, &vector.vector);
        put_score(&mut out, vector.score);
    }
    put_texts(&mut out, &advisory.cwes);
    put_varint(&mut out, advisory.references.len() as u64);
    for reference in &advisory.references {
        put_reference(&mut out, reference, &advisory.id);
    }
    put_text(&mut out, &advisory.published);
    put_text(&mut out, &advisory.modified);
    match &advisory.withdrawn {
        None => out.push(0),
        Some(when) => {
            out.push(1);
            put_text(&mut out, when);
        }
    }
    out
}

/// Decodes what [`encode`] wrote; `None` where the bytes are not that.
pub(crate) fn decode(bytes: &[u8], source: &str, kind: AdvisoryKind, severity: Severity) -> Option<Advisory> {
    let mut cursor = Cursor::new(bytes);
    let mut advisory = Advisory::new(cursor.text()?, source);
    advisory.kind = kind;
    advisory.severity = severity;
    advisory.aliases = texts(&mut cursor)?;
    advisory.related = texts(&mut cursor)?;
    advisory.title = cursor.text()?.to_owned();
    for _ in 0..cursor.count()? {
        let version = cursor.text()?.to_owned();
        let vector = cursor.text()?.to_owned();
        advisory.cvss.push(CvssVector { version, vector, score: score(&mut cursor)? });
    }
    advisory.cwes = texts(&mut cursor)?;
    for _ in 0..cursor.count()? {
        let reference = reference(&mut cursor, &advisory.id)?;
        advisory.references.push(reference);
    }
    advisory.published = cursor.text()?.to_owned();
    advisory.modified = cursor.text()?.to_owned();
    advisory.withdrawn = match cursor.u8()? {
        0 => None,
        1 => Some(cursor.text()?.to_owned()),
        _ => return None,
    };
    cursor.is_empty().then_some(advisory)
}

fn put_texts(out: &mut Vec<u8>, texts: &[String]) {
    put_varint(out, texts.len() as u64);
    for text in texts {
        put_text(out, text);
    }
}

fn texts(cursor: &mut Cursor<'_>) -> Option<Vec<String>> {
    let count = cursor.count()?;
    let mut out = Vec::with_capacity(count.min(64));
    for _ in 0..count {
        out.push(cursor.text()?.to_owned());
    }
    Some(out)
}

/// Links are most of the text, and their ends compress badly: those that end in the advisory's own id leave it out, and
/// those that end in a commit keep it as bytes.
fn put_reference(out: &mut Vec<u8>, reference: &str, id: &str) {
    if let Some(start) = reference.strip_suffix(id).filter(|_| !id.is_empty()) {
        out.push(REFERENCE_OWN_ID);
        return put_text(out, start);
    }
    let cut = reference.rfind(['/', '=']).map_or(0, |at| at.saturating_add(1));
    let (start, end) = reference.split_at(cut);
    match (end.len() >= SHORTEST_HEX).then(|| packed_hex(end)).flatten() {
        Some(bytes) => {
            out.push(REFERENCE_HEX);
            put_text(out, start);
            put_varint(out, bytes.len() as u64);
            out.extend_from_slice(&bytes);
        }
        None => {
            out.push(REFERENCE_TEXT);
            put_text(out, reference);
        }
    }
}

fn reference(cursor: &mut Cursor<'_>, id: &str) -> Option<String> {
    let tag = cursor.u8()?;
    let start = cursor.text()?;
    match tag {
        REFERENCE_TEXT => Some(start.to_owned()),
        REFERENCE_OWN_ID => Some(format!("{start}{id}")),
        REFERENCE_HEX => {
            let count = cursor.count()?;
            let mut out = String::with_capacity(start.len().saturating_add(count.saturating_mul(2)));
            out.push_str(start);
            for byte in cursor.bytes(count)? {
                out.extend([byte >> 4, byte & 15].map(|digit| char::from_digit(u32::from(digit), 16).unwrap_or('0')));
            }
            Some(out)
        }
        _ => None,
    }
}

/// The bytes that an even number of lower-case hexadecimal digits stands for.
fn packed_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some((digit(*high)? << 4) | digit(*low)?),
        _ => None,
    });
    pairs.collect()
}

fn put_score(out: &mut Vec<u8>, score: f64) {
    match (0..=100u8).find(|tenths| tenths_score(*tenths).to_bits() == score.to_bits()) {
        Some(tenths) => out.push(tenths),
        None => {
            out.push(RAW_SCORE);
            out.extend_from_slice(&score.to_le_bytes());
        }
    }
}

fn score(cursor: &mut Cursor<'_>) -> Option<f64> {
    match cursor.u8()? {
        RAW_SCORE => Some(f64::from_le_bytes(cursor.bytes(8)?.try_into().ok()?)),
        tenths if tenths <= 100 => Some(tenths_score(tenths)),
        _ => None,
    }
}

fn tenths_score(tenths: u8) -> f64 {
    f64::from(tenths) / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_of_every_shape_come_back() {
        let commit = "https://git.example/stable/c/0123456789abcdef0123456789abcdef01234567";
        let mut advisory = Advisory::new("CVE-2024-0001", "x");
        advisory.references = [
            commit,
            "https://git.example/c/?id=0123456789abcdef",
            "https://git.example/c/0123456789abcde",
            "https://git.example/c/0123456789ABCDEF",
            "https://example.org/CVE-2024-0001",
            "CVE-2024-0001",
            "0123456789ab",
            "https://example.org/é/",
            "",
        ]
        .map(str::to_owned)
        .to_vec();
        let bytes = encode(&advisory);
        let plain: usize = advisory.references.iter().map(String::len).sum();
        assert!(bytes.len() < plain, "{} bytes of links became {}", plain, bytes.len());
        assert_eq!(decode(&bytes, "x", AdvisoryKind::Vulnerability, Severity::Unknown), Some(advisory));
    }
}
