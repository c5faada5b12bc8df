//! CycloneDX XML. The reader keeps no tree and expands no entities of the document's own.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use seawall_model::RelationshipKind;

use super::cyclonedx::checksum;
use super::document::{Component, Document};

/// Elements within elements deeper than this are refused.
const MAX_DEPTH: usize = 100;

#[derive(Default)]
struct State {
    document: Document,
    /// Names of the open elements.
    path: Vec<String>,
    /// Components that are open, with how deep each began.
    open: Vec<(usize, Component)>,
    attribute: String,
    dependency: Vec<String>,
    text: String,
}

pub(super) fn read(bytes: &[u8]) -> Result<Document, String> {
    let text = std::str::from_utf8(bytes).map_err(|e| e.to_string())?;
    let mut reader = Reader::from_str(text);
    let mut state = State::default();
    loop {
        let at = reader.buffer_position();
        match reader.read_event().map_err(|e| format!("byte {at}: {e}"))? {
            Event::Eof => break,
            Event::Start(element) => {
                state.begin(&element)?;
            }
            Event::Empty(element) => {
                state.begin(&element)?;
                state.end();
            }
            Event::End(_) => state.end(),
            Event::Text(text) => state.text.push_str(&text.xml10_content()),
            Event::CData(data) => state.text.push_str(&data),
            Event::GeneralRef(reference) => state.text.push_str(entity(&reference)),
            _ => {}
        }
    }
    if !state.path.is_empty() {
        return Err("it ends within an element".to_owned());
    }
    Ok(state.document)
}

/// The five that XML itself has; those that a document declares stay out.
fn entity(name: &str) -> &'static str {
    match name {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        _ => "\u{fffd}",
    }
}

impl State {
    fn begin(&mut self, element: &BytesStart<'_>) -> Result<(), String> {
        if self.path.len() >= MAX_DEPTH {
            return Err("elements are nested too deep".to_owned());
        }
        let name = element.local_name().as_ref().to_owned();
        let attribute = |wanted: &str| {
            let found = element.attributes().flatten().find(|a| a.key.local_name().as_ref() == wanted);
            found.map(|a| unescaped(&a.value)).unwrap_or_default()
        };
        self.text.clear();
        match name.as_str() {
            "component" if !self.is_within("metadata") => {
                let (kind, reference) = (attribute("type"), attribute("bom-ref"));
                self.open.push((self.path.len(), Component { kind, reference, ..Component::default() }));
            }
            "hash" => self.attribute = attribute("alg"),
            "property" => self.attribute = attribute("name"),
            "dependency" => {
                let reference = attribute("ref");
                if let Some(from) = self.dependency.last() {
                    self.document.edges.push((from.clone(), RelationshipKind::DependsOn, reference.clone()));
                }
                self.dependency.push(reference);
            }
            _ => {}
        }
        self.path.push(name);
        Ok(())
    }

    fn is_within(&self, element: &str) -> bool {
        self.path.iter().any(|p| p == element)
    }

    fn end(&mut self) {
        let Some(name) = self.path.pop() else { return };
        let text = std::mem::take(&mut self.text).trim().to_owned();
        let depth = self.path.len();
        if name == "dependency" {
            self.dependency.pop();
        }
        if name == "component" && self.open.last().is_some_and(|(began, _)| *began == depth) {
            if let Some((_, mut component)) = self.open.pop() {
                if component.reference.is_empty() {
                    component.reference.clone_from(&component.purl);
                }
                if let Some((_, outer)) = self.open.last() {
                    let edge = (component.reference.clone(), RelationshipKind::ContainedIn, outer.reference.clone());
                    self.document.edges.push(edge);
                }
                self.document.components.push(component);
            }
            return;
        }
        let parent = self.path.last().map(String::as_str).unwrap_or_default();
        let Some((began, component)) = self.open.last_mut() else { return };
        let direct = depth == began.saturating_add(1);
        match (name.as_str(), parent) {
            ("name", "supplier") => component.vendor = text,
            ("name" | "id", "license") => component.licences.push(text),
            ("expression", "licenses") => component.licences.push(text),
            ("hash", _) => component.checksums.push(checksum(&self.attribute, &text)),
            ("location", "occurrence") => component.paths.push(text),
            ("property", _) if self.attribute == "seawall:ownedBy" => component.owned_by = text,
            ("property", _) if self.attribute == "aquasecurity:trivy:FilePath" => component.paths.push(text),
            ("property", _) if self.attribute.starts_with("syft:location:") && self.attribute.ends_with(":path") => {
                component.paths.push(text);
            }
            ("name", _) if direct => component.name = text,
            ("version", _) if direct => component.version = text,
            ("description", _) if direct => component.description = text,
            ("purl", _) if direct => component.purl = text,
            _ => {}
        }
    }
}

fn unescaped(value: &str) -> String {
    if !value.contains('&') {
        return value.to_owned();
    }
    value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'").replace("&amp;", "&")
}
