//! CycloneDX as XML ([1.2](https://cyclonedx.org/docs/1.2/xml/) to [1.7](https://cyclonedx.org/docs/1.7/xml/)).
//!
//! A document type declaration is refused, so that there are no entities but the five predefined ones and those of
//! characters, and nothing is fetched or expanded.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::Read;
use super::component::{Component, Occurrence};
use super::draft::{Draft, Edge, Slot};

/// Deeper nesting is refused.
const MAX_DEPTH: usize = 256;
/// A longer text is refused.
const MAX_TEXT: usize = 1 << 20;
/// Every version of the format has its namespace.
const NAMESPACE: &str = "http://cyclonedx.org/schema/bom/";

/// The version that the root element's namespace states; `None` where it is not CycloneDX.
pub(super) fn tell(bytes: &[u8]) -> Option<String> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        // What is wrong further on is said when it is read.
        Err(error) => std::str::from_utf8(bytes.get(..error.valid_up_to())?).ok()?,
    };
    let mut reader = Reader::from_str(text);
    loop {
        match reader.read_event().ok()? {
            Event::Start(root) | Event::Empty(root) => {
                let (prefix, name) = split(root.name().into_inner());
                let declares = if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
                let version = attribute(&root, &declares)?.strip_prefix(NAMESPACE)?.to_owned();
                return (name == "bom").then_some(version);
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}

/// Where in the document the reader is: the elements that matter; all else is skipped with what lies within.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Bom,
    Metadata,
    Subject,
    Components,
    Component,
    /// A text of a component.
    Text(Field),
    Supplier,
    Hashes,
    Hash,
    Licenses,
    License,
    LicenseText,
    Properties,
    Property,
    DocumentProperties,
    DocumentProperty,
    Evidence,
    Occurrences,
    Occurrence,
    Location,
    Context,
    Dependencies,
    Dependency,
    On,
    Skipped,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Group,
    Name,
    Version,
    Purl,
    Vendor,
    SupplierName,
    Scope,
    Description,
}

impl At {
    fn enter(self, name: &str) -> Self {
        match (self, name) {
            (Self::Bom, "metadata") => Self::Metadata,
            (Self::Bom | Self::Component | Self::Subject, "components") => Self::Components,
            (Self::Bom, "dependencies") => Self::Dependencies,
            (Self::Metadata, "component") => Self::Subject,
            (Self::Metadata, "properties") => Self::DocumentProperties,
            (Self::DocumentProperties, "property") => Self::DocumentProperty,
            (Self::Components, "component") => Self::Component,
            (Self::Component | Self::Subject, name) => match name {
                "group" => Self::Text(Field::Group),
                "name" => Self::Text(Field::Name),
                "version" => Self::Text(Field::Version),
                "purl" => Self::Text(Field::Purl),
                "publisher" => Self::Text(Field::Vendor),
                "scope" => Self::Text(Field::Scope),
                "description" => Self::Text(Field::Description),
                "supplier" => Self::Supplier,
                "hashes" => Self::Hashes,
                "licenses" => Self::Licenses,
                "properties" => Self::Properties,
                "evidence" => Self::Evidence,
                _ => Self::Skipped,
            },
            (Self::Supplier, "name") => Self::Text(Field::SupplierName),
            (Self::Hashes, "hash") => Self::Hash,
            (Self::Licenses, "license") => Self::License,
            (Self::Licenses, "expression") | (Self::License, "id" | "name") => Self::LicenseText,
            (Self::Properties, "property") => Self::Property,
            (Self::Evidence, "occurrences") => Self::Occurrences,
            (Self::Occurrences, "occurrence") => Self::Occurrence,
            (Self::Occurrence, "location") => Self::Location,
            (Self::Occurrence, "additionalContext") => Self::Context,
            (Self::Dependencies, "dependency") => Self::Dependency,
            (Self::Dependency, "dependency") => Self::On,
            _ => Self::Skipped,
        }
    }
}

/// Reads a document into a draft.
pub(super) fn read(bytes: &[u8], draft: &mut Draft) -> Read {
    let text = std::str::from_utf8(bytes).map_err(|e| e.to_string())?;
    let mut reader = Reader::from_str(text);
    let mut walk = Walk {
        draft,
        path: Vec::new(),
        prefix: String::new(),
        open: Vec::new(),
        text: String::new(),
        attribute: String::new(),
        seen: Occurrence::default(),
        dependent: None,
    };
    let mut is_over = false;
    loop {
        match reader.read_event().map_err(|e| e.to_string())? {
            Event::Start(start) if !is_over => walk.begin(&start)?,
            Event::Empty(start) if !is_over => {
                walk.begin(&start)?;
                walk.end();
                is_over = walk.path.is_empty();
            }
            Event::Start(_) | Event::Empty(_) => return Err("more than one root element".to_owned()),
            Event::End(_) => {
                walk.end();
                is_over = walk.path.is_empty();
            }
            Event::Text(piece) => walk.add(&piece)?,
            Event::CData(piece) => walk.add(&piece)?,
            Event::GeneralRef(entity) => {
                let c = character(&entity).ok_or("an entity that XML does not predefine")?;
                walk.add(c.encode_utf8(&mut [0; 4]))?;
            }
            Event::DocType(_) => return Err("document type declarations are not read".to_owned()),
            Event::Eof if is_over => return Ok(()),
            Event::Eof => return Err("it ends within an element".to_owned()),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
        }
    }
}

struct Walk<'d> {
    draft: &'d mut Draft,
    path: Vec<At>,
    /// The root's; elements of other vocabularies have another one.
    prefix: String,
    /// Components that are open, innermost last.
    open: Vec<(Slot, Component)>,
    text: String,
    /// Of the innermost element: `alg` of a hash, `name` of a property.
    attribute: String,
    seen: Occurrence,
    dependent: Option<u32>,
}

impl Walk<'_> {
    fn begin(&mut self, start: &BytesStart<'_>) -> Read {
        if self.path.len() >= MAX_DEPTH {
            return Err(format!("nested deeper than {MAX_DEPTH}"));
        }
        self.text.clear();
        let (prefix, name) = split(start.name().into_inner());
        let at = match self.path.last() {
            None => {
                self.prefix = prefix.to_owned();
                At::Bom
            }
            Some(_) if prefix != self.prefix => At::Skipped,
            Some(at) => at.enter(name),
        };
        self.path.push(at);
        let value = |name| attribute(start, name).unwrap_or_default();
        match at {
            At::Component | At::Subject => {
                let parent = self.open.last().and_then(|(slot, _)| *slot);
                let component = Component { kind: value("type"), reference: value("bom-ref"), ..Component::default() };
                self.open.push((self.draft.open(parent), component));
            }
            At::Hash => self.attribute = value("alg"),
            At::Property | At::DocumentProperty => self.attribute = value("name"),
            At::Occurrence => self.seen = Occurrence::default(),
            At::Dependency => self.dependent = self.draft.reference(&value("ref")),
            At::On => {
                let on = self.draft.reference(&value("ref"));
                self.draft.edge(self.dependent, on, Edge::DependsOn);
            }
            _ => {}
        }
        Ok(())
    }

    fn add(&mut self, piece: &str) -> Read {
        if self.path.last().is_none_or(|at| *at == At::Skipped) {
            return Ok(());
        }
        if self.text.len().saturating_add(piece.len()) > MAX_TEXT {
            return Err(format!("a text longer than {MAX_TEXT} bytes"));
        }
        self.text.push_str(piece);
        Ok(())
    }

    fn end(&mut self) {
        let at = self.path.pop().unwrap_or(At::Skipped);
        let text = std::mem::take(&mut self.text);
        let text = text.trim();
        if let (At::Component | At::Subject, Some((slot, component))) = (at, self.open.last()) {
            if at == At::Subject {
                self.draft.subject(*slot, component);
            } else {
                self.draft.close(*slot, component);
            }
            self.open.pop();
            return;
        }
        if at == At::DocumentProperty {
            return self.draft.document_property(&self.attribute, text);
        }
        let Some((_, component)) = self.open.last_mut() else { return };
        match at {
            At::Text(Field::SupplierName) if !component.vendor.is_empty() => {}
            At::Text(field) => *component.field(field) = text.to_owned(),
            At::Hash => component.add_checksum(&self.attribute, text),
            At::LicenseText => component.add_licence(text),
            At::Property => component.add_property(&self.attribute, text),
            At::Location => text.clone_into(&mut self.seen.path),
            At::Context => self.seen.layer = text.strip_prefix("layer ").unwrap_or_default().to_owned(),
            At::Occurrence => component.add_occurrence(&self.seen.path, &self.seen.layer),
            _ => {}
        }
    }
}

impl Component {
    fn field(&mut self, field: Field) -> &mut String {
        match field {
            Field::Group => &mut self.group,
            Field::Name => &mut self.name,
            Field::Version => &mut self.version,
            Field::Purl => &mut self.purl,
            Field::Vendor | Field::SupplierName => &mut self.vendor,
            Field::Scope => &mut self.scope,
            Field::Description => &mut self.description,
        }
    }
}

fn split(name: &str) -> (&str, &str) {
    name.split_once(':').unwrap_or(("", name))
}

/// The value of an attribute; `None` where it is absent or broken.
fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = start.attributes().with_checks(false).filter_map(Result::ok).find(|a| a.key.into_inner() == name)?;
    found.normalized_value(quick_xml::XmlVersion::Implicit1_0).ok().map(std::borrow::Cow::into_owned)
}

/// The character that a reference stands for, `lt`, `#10`, `#x1F600`.
fn character(reference: &str) -> Option<char> {
    match reference {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = reference.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}
