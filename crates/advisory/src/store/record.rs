//! The descriptive part of an advisory (everything but what it affects), as kept in the compressed blocks.

use seawall_model::{Advisory, AdvisoryKind, CvssVector, Severity};

use super::bytes::{Cursor, put_text, put_varint};

/// Marks a score that is not a whole number of tenths and follows as eight bytes.
const RAW_SCORE: u8 = 0xff;

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
    put_texts(&mut out, &advisory.references);
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
    advisory.references = texts(&mut cursor)?;
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
