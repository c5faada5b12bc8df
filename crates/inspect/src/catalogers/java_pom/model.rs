//! What of a POM says which artifacts it needs ([POM reference](https://maven.apache.org/pom.html)).

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::Event;
use serde::{Deserialize, Serialize};

/// One `pom.xml`. Values are as written, `${…}` and all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pom {
    /// Its own coordinates; group and version may come from the parent.
    pub(crate) own: Coordinates,
    /// The POM that it inherits from.
    pub(crate) parent: Option<Coordinates>,
    /// `<relativePath>` of the parent, where it is written.
    pub(crate) parent_path: Option<String>,
    /// `<properties>`.
    pub(crate) properties: BTreeMap<String, String>,
    /// `<dependencyManagement>`; imports of other POMs (`<scope>import</scope>`) among them.
    pub(crate) managed: Vec<Need>,
    /// `<dependencies>`.
    pub(crate) needs: Vec<Need>,
    /// Names of `<licenses>`.
    pub(crate) licences: Vec<String>,
}

/// `group:artifact:version`, each empty where it is not written.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Coordinates {
    pub(crate) group: String,
    pub(crate) artifact: String,
    pub(crate) version: String,
}

/// One `<dependency>`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Need {
    pub(crate) what: Coordinates,
    pub(crate) scope: String,
    pub(crate) optional: bool,
}

/// Elements within each other; a POM's own depth is below ten.
const MAX_DEPTH: usize = 64;
/// Dependencies, properties and licences.
const MAX_ENTRIES: usize = 50_000;
/// Text of one element.
const MAX_TEXT: usize = 4096;

impl Pom {
    /// Reads a POM. Entities other than XML's own are left out, never expanded.
    ///
    /// # Errors
    /// Why it is not well-formed, is no POM, or goes beyond the limits.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = String::from_utf8_lossy(bytes);
        let mut reader = Reader::from_str(&text);
        let mut pom = Self::default();
        let (mut path, mut value, mut need, mut entries) =
            (Vec::<String>::new(), String::new(), Need::default(), 0usize);
        let mut is_pom = false;
        loop {
            match reader.read_event().map_err(|e| format!("line {}: {e}", line(&text, reader.error_position())))? {
                Event::Start(start) => {
                    if path.len() >= MAX_DEPTH {
                        return Err(format!("elements are nested more than {MAX_DEPTH} deep"));
                    }
                    path.push(start.local_name().as_ref().to_owned());
                    is_pom |= path.len() == 1 && path.first().is_some_and(|p| p == "project");
                    value.clear();
                    if path.last().is_some_and(|p| p == "dependency") {
                        need = Need::default();
                    }
                }
                Event::Text(piece) => push(&mut value, &piece),
                Event::CData(piece) => push(&mut value, &piece),
                Event::GeneralRef(reference) => {
                    if let Ok(Some(character)) = reference.resolve_char_ref() {
                        value.push(character);
                    } else if let Some(known) = quick_xml::escape::resolve_predefined_entity(&reference) {
                        push(&mut value, known);
                    }
                }
                Event::End(_) => {
                    entries = entries.saturating_add(1);
                    if entries > MAX_ENTRIES {
                        return Err(format!("more than {MAX_ENTRIES} elements"));
                    }
                    let names: Vec<&str> = path.iter().map(String::as_str).collect();
                    pom.element(&names, value.trim(), &mut need);
                    path.pop();
                    value.clear();
                }
                Event::Eof if !is_pom => return Err("it is no POM: there is no <project>".to_owned()),
                Event::Eof if !path.is_empty() => return Err("it breaks off".to_owned()),
                Event::Eof => return Ok(pom),
                _ => {}
            }
        }
    }

    fn element(&mut self, path: &[&str], value: &str, need: &mut Need) {
        let text = || value.to_owned();
        match path {
            ["project", "groupId"] => self.own.group = text(),
            ["project", "artifactId"] => self.own.artifact = text(),
            ["project", "version"] => self.own.version = text(),
            ["project", "parent", "groupId"] => self.parent.get_or_insert_default().group = text(),
            ["project", "parent", "artifactId"] => self.parent.get_or_insert_default().artifact = text(),
            ["project", "parent", "version"] => self.parent.get_or_insert_default().version = text(),
            ["project", "parent", "relativePath"] => self.parent_path = Some(text()),
            ["project", "properties", name] => {
                self.properties.insert((*name).to_owned(), text());
            }
            ["project", "licenses", "license", "name"] if !value.is_empty() => self.licences.push(text()),
            ["project", "dependencyManagement", "dependencies", "dependency"] => {
                self.managed.push(std::mem::take(need))
            }
            ["project", "dependencies", "dependency"] => self.needs.push(std::mem::take(need)),
            ["project", .., "dependency", "groupId"] => need.what.group = text(),
            ["project", .., "dependency", "artifactId"] => need.what.artifact = text(),
            ["project", .., "dependency", "version"] => need.what.version = text(),
            ["project", .., "dependency", "scope"] => need.scope = text(),
            ["project", .., "dependency", "optional"] => need.optional = value == "true",
            _ => {}
        }
    }

    /// Its coordinates, with what it takes from its parent.
    pub(crate) fn coordinates(&self) -> Coordinates {
        let mut own = self.own.clone();
        if let Some(parent) = &self.parent {
            if own.group.is_empty() {
                own.group.clone_from(&parent.group);
            }
            if own.version.is_empty() {
                own.version.clone_from(&parent.version);
            }
        }
        own
    }
}

fn push(value: &mut String, piece: &str) {
    if value.len().saturating_add(piece.len()) <= MAX_TEXT {
        value.push_str(piece);
    }
}

fn line(text: &str, offset: u64) -> usize {
    let end = usize::try_from(offset).unwrap_or(0).min(text.len());
    text.as_bytes().get(..end).unwrap_or_default().iter().filter(|b| **b == b'\n').count().saturating_add(1)
}
