//! SPDX 2.2 and 2.3 as tag-value text ([2.3, clause 6 and following](https://spdx.github.io/spdx-spec/v2.3/)).

use std::borrow::Cow;

use super::Read;
use super::component::MAX_LIST;
use super::draft::Draft;
use super::spdx::{Element, Spdx};

/// How far into a document its version may stand.
const HEAD: usize = 64 << 10;
/// A longer value is refused.
const MAX_VALUE: usize = 1 << 20;

/// The version that a document states; `None` where it is no tag-value document.
pub(super) fn tell(bytes: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(bytes.get(..HEAD).unwrap_or(bytes));
    let lines = head.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
    let line = lines.take(20).find(|l| l.starts_with("SPDXVersion:"))?;
    line.split_once(':').map(|(_, version)| version.trim().to_owned())
}

/// Reads a document into a draft.
pub(super) fn read(bytes: &[u8], draft: &mut Draft) -> Read {
    let text = std::str::from_utf8(bytes).map_err(|e| e.to_string())?;
    let mut reader = Reader { spdx: Spdx::new(draft), at: Section::Document, relation: None, licence: String::new() };
    let mut rest = text;
    while let Some((tag, value, after)) = pair(rest)? {
        reader.tag(tag, &value);
        rest = after;
    }
    reader.end_relation("");
    reader.enter(Section::Document);
    reader.spdx.finish();
    Ok(())
}

/// A tag, its value, and what follows.
type Pair<'a> = (&'a str, Cow<'a, str>, &'a str);

/// The next tag with its value, and what comes after it. Lines without a tag are left out.
fn pair(mut text: &str) -> Result<Option<Pair<'_>>, String> {
    loop {
        if text.is_empty() {
            return Ok(None);
        }
        let (line, after) = text.split_once('\n').unwrap_or((text, ""));
        let found = line.split_once(':').filter(|(tag, _)| !tag.starts_with('#'));
        let Some((tag, value)) = found else {
            text = after;
            continue;
        };
        let value = value.trim();
        let Some(begun) = value.strip_prefix("<text>") else {
            return if value.len() > MAX_VALUE {
                Err(too_long(tag))
            } else {
                Ok(Some((tag.trim(), value.into(), after)))
            };
        };
        if let Some(inner) = begun.strip_suffix("</text>") {
            return Ok(Some((tag.trim(), inner.into(), after)));
        }
        // The value goes on until its end mark; what stands before that on this line is its first piece.
        let end = memchr::memmem::find(after.as_bytes(), b"</text>");
        let Some(end) = end.filter(|end| *end <= MAX_VALUE) else { return Err(too_long(tag)) };
        let more = after.get(..end).unwrap_or_default();
        let rest = after.get(end..).unwrap_or_default();
        let rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
        return Ok(Some((tag.trim(), format!("{begun}\n{more}").into(), rest)));
    }
}

fn too_long(tag: &str) -> String {
    let tag: String = tag.chars().take(60).collect();
    format!("the value of {tag} does not end, or is longer than {MAX_VALUE} bytes")
}

/// What the tags that come by belong to.
enum Section {
    Document,
    Package(Box<Element>),
    /// Files, snippets, reviews: nothing that an inventory holds.
    Other,
    Licence,
}

struct Reader<'d> {
    spdx: Spdx<'d>,
    at: Section,
    /// A relation whose comment may follow.
    relation: Option<(String, String, String)>,
    licence: String,
}

impl Reader<'_> {
    fn tag(&mut self, tag: &str, value: &str) {
        if tag != "RelationshipComment" {
            self.end_relation("");
        }
        match tag {
            "PackageName" => {
                let mut element = Element::default();
                value.clone_into(&mut element.component.name);
                self.enter(Section::Package(Box::new(element)));
            }
            "FileName" | "SnippetSPDXID" | "SnippetSPDXIdentifier" | "Reviewer" => self.enter(Section::Other),
            "LicenseID" => {
                self.enter(Section::Licence);
                value.clone_into(&mut self.licence);
            }
            "ExtractedText" | "LicenseName" => self.spdx.draft.licence_text(&self.licence, value),
            "Relationship" => {
                let mut parts = value.splitn(3, ' ').map(|part| part.trim().to_owned());
                self.relation = parts.next().and_then(|from| Some((from, parts.next()?, parts.next()?)));
            }
            "RelationshipComment" => self.end_relation(value),
            "DocumentComment" => self.spdx.comment(value),
            _ => {
                if let Section::Package(element) = &mut self.at {
                    set(element, tag, value);
                }
            }
        }
    }

    fn enter(&mut self, section: Section) {
        if let Section::Package(element) = std::mem::replace(&mut self.at, section) {
            self.spdx.element(*element);
        }
    }

    fn end_relation(&mut self, comment: &str) {
        if let Some((from, kind, to)) = self.relation.take() {
            self.spdx.relation(&from, &kind, &to, comment);
        }
    }
}

fn set(element: &mut Element, tag: &str, value: &str) {
    let component = &mut element.component;
    let text = match tag {
        "SPDXID" => &mut component.reference,
        "PackageVersion" => &mut component.version,
        "PackageSupplier" => &mut component.vendor,
        "PackageLicenseDeclared" => &mut element.declared,
        "PackageLicenseConcluded" => &mut element.concluded,
        "PackageSourceInfo" => &mut element.source_info,
        "PackageComment" => &mut element.comment,
        "PrimaryPackagePurpose" => &mut element.purpose,
        "PackageChecksum" => {
            if let Some((algorithm, hex)) = value.split_once(':') {
                component.add_checksum(algorithm.trim(), hex.trim());
            }
            return;
        }
        "ExternalRef" => {
            let mut parts = value.split_ascii_whitespace().skip(1);
            let is_purl = parts.next().is_some_and(|kind| kind.rsplit('/').next() == Some("purl"));
            if let (true, true, Some(purl)) = (is_purl, component.purl.is_empty(), parts.next()) {
                purl.clone_into(&mut component.purl);
            }
            return;
        }
        "PackageAttributionText" | "AnnotationComment" => {
            if element.notes.len() < MAX_LIST {
                element.notes.push(value.to_owned());
            }
            return;
        }
        _ => return,
    };
    value.clone_into(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_span_lines_and_must_end() {
        let text = "# A: b\nA: b\r\n\nnone\nB: <text>one\ntwo</text>\nC:<text>x</text>\nD: <text>open\n";
        let (tag, value, rest) = pair(text).expect("fine").expect("a pair");
        assert_eq!((tag, &*value), ("A", "b"));
        let (tag, value, rest) = pair(rest).expect("fine").expect("a pair");
        assert_eq!((tag, &*value), ("B", "one\ntwo"));
        let (tag, value, rest) = pair(rest).expect("fine").expect("a pair");
        assert_eq!((tag, &*value), ("C", "x"));
        assert!(pair(rest).is_err());
    }
}
