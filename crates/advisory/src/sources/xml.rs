//! A flat view of an XML document: no entities but the five predefined ones, no external anything, limited depth.

use quick_xml::events::{BytesStart, Event};

use super::SourceError;
use super::common::malformed;

const DEPTH: usize = 64;

/// What comes by.
pub(crate) enum Node<'n> {
    /// An element begins: its local name and attributes.
    Open(&'n str, &'n [(String, String)]),
    /// An element ends: its local name and the text since the last tag.
    Close(&'n str, &'n str),
}

/// Calls `visit` for every tag of the document.
pub(crate) fn walk(text: &str, visit: &mut dyn FnMut(Node<'_>)) -> Result<(), SourceError> {
    let mut reader = quick_xml::Reader::from_str(text);
    let (mut depth, mut content, mut attributes) = (0_usize, String::new(), Vec::new());
    loop {
        match reader.read_event().map_err(|e| malformed("XML", e))? {
            Event::Start(start) => {
                depth = depth.saturating_add(1);
                if depth > DEPTH {
                    return Err(malformed("XML", format!("nested deeper than {DEPTH}")));
                }
                content.clear();
                read_attributes(&start, &mut attributes)?;
                visit(Node::Open(local(start.name().into_inner()), &attributes));
            }
            Event::Empty(start) => {
                content.clear();
                read_attributes(&start, &mut attributes)?;
                let name = start.name();
                visit(Node::Open(local(name.into_inner()), &attributes));
                visit(Node::Close(local(name.into_inner()), ""));
            }
            Event::Text(piece) => content.push_str(&piece),
            Event::CData(piece) => content.push_str(&piece),
            Event::GeneralRef(entity) => content.push_str(match &*entity {
                "lt" => "<",
                "gt" => ">",
                "amp" => "&",
                "quot" => "\"",
                "apos" => "'",
                _ => "\u{fffd}",
            }),
            Event::End(end) => {
                depth = depth.saturating_sub(1);
                visit(Node::Close(local(end.name().into_inner()), content.trim()));
                content.clear();
            }
            Event::Eof if depth == 0 => return Ok(()),
            Event::Eof => return Err(malformed("XML", "ends within an element")),
            _ => {}
        }
    }
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

fn read_attributes(start: &BytesStart<'_>, into: &mut Vec<(String, String)>) -> Result<(), SourceError> {
    into.clear();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|e| malformed("XML", e))?;
        let value = attribute
            .normalized_value(quick_xml::XmlVersion::Implicit1_0)
            .map_err(|e| malformed("XML", e))?
            .into_owned();
        into.push((local(attribute.key.into_inner()).to_owned(), value));
    }
    Ok(())
}

/// The value of an attribute; empty where it is absent.
pub(crate) fn attribute<'a>(attributes: &'a [(String, String)], name: &str) -> &'a str {
    attributes.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
}
