//! CycloneDX as JSON ([1.2](https://cyclonedx.org/docs/1.2/json/) to [1.7](https://cyclonedx.org/docs/1.7/json/)).

use serde::Deserialize;
use serde::de::{MapAccess, SeqAccess};

use super::Read;
use super::component::Component;
use super::draft::{Draft, Edge, Slot};
use super::json::{Entries, Few, Keys, ListOf, MapOf, document, skip};
use crate::text::{Maybe, Text};

/// Reads a document into a draft.
pub(super) fn read(bytes: &[u8], draft: &mut Draft) -> Read {
    document(bytes, Bom(draft))
}

struct Bom<'d>(&'d mut Draft);

impl<'de> Keys<'de> for Bom<'_> {
    fn key<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "metadata" => map.next_value_seed(MapOf(Metadata(self.0))),
            "components" => map.next_value_seed(ListOf(Components { draft: self.0, parent: None })),
            "dependencies" => map.next_value_seed(ListOf(Dependencies(self.0))),
            _ => skip(map),
        }
    }
}

struct Metadata<'d>(&'d mut Draft);

impl<'de> Keys<'de> for Metadata<'_> {
    fn key<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "component" => map.next_value_seed(MapOf(Reader::new(self.0, None, true))),
            "properties" => {
                for (name, value) in named(map.next_value()?) {
                    self.0.document_property(&name, &value);
                }
                Ok(())
            }
            _ => skip(map),
        }
    }
}

struct Components<'d> {
    draft: &'d mut Draft,
    parent: Slot,
}

impl<'de> Entries<'de> for Components<'_> {
    fn entry<A: SeqAccess<'de>>(&mut self, list: &mut A) -> Result<bool, A::Error> {
        let reader = Reader::new(self.draft, self.parent, false);
        list.next_element_seed(MapOf(reader)).map(|entry| entry.is_some())
    }
}

/// One component, with those nested in it; the parser stops at 128 levels.
struct Reader<'d> {
    draft: &'d mut Draft,
    parent: Slot,
    /// Set with the first key: a list ends by asking for one entry more.
    slot: Option<Slot>,
    is_subject: bool,
    component: Component,
}

impl<'d> Reader<'d> {
    fn new(draft: &'d mut Draft, parent: Slot, is_subject: bool) -> Self {
        Self { draft, parent, slot: None, is_subject, component: Component::default() }
    }
}

impl<'de> Keys<'de> for Reader<'_> {
    fn key<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        let slot = *self.slot.get_or_insert_with(|| self.draft.open(self.parent));
        let component = &mut self.component;
        let text = match key {
            "type" => &mut component.kind,
            "bom-ref" => &mut component.reference,
            "group" => &mut component.group,
            "name" => &mut component.name,
            "version" => &mut component.version,
            "purl" => &mut component.purl,
            "publisher" => &mut component.vendor,
            "scope" => &mut component.scope,
            "description" => &mut component.description,
            "supplier" => {
                let supplier: Maybe<Named<'de>> = map.next_value()?;
                let name = supplier.0.map(|s| s.name.or_empty().to_owned()).unwrap_or_default();
                if component.vendor.is_empty() {
                    component.vendor = name;
                }
                return Ok(());
            }
            "hashes" => {
                let hashes: Few<Maybe<Hash<'de>>> = map.next_value()?;
                for hash in hashes.0.iter().filter_map(|h| h.0.as_ref()) {
                    component.add_checksum(hash.alg.or_empty(), hash.content.or_empty());
                }
                return Ok(());
            }
            "licenses" => {
                let licences: Few<Maybe<Licence<'de>>> = map.next_value()?;
                for licence in licences.0.iter().filter_map(|l| l.0.as_ref()) {
                    let named = licence.license.0.as_ref();
                    let id = named.and_then(|l| l.id.get().or(l.name.get()));
                    component.add_licence(id.or(licence.expression.get()).unwrap_or_default());
                }
                return Ok(());
            }
            "properties" => {
                for (name, value) in named(map.next_value()?) {
                    component.add_property(&name, &value);
                }
                return Ok(());
            }
            "evidence" => {
                let evidence: Maybe<Evidence<'de>> = map.next_value()?;
                for seen in evidence.0.iter().flat_map(|e| &e.occurrences.0).filter_map(|o| o.0.as_ref()) {
                    let layer = seen.additional_context.or_empty().strip_prefix("layer ");
                    component.add_occurrence(seen.location.or_empty(), layer.unwrap_or_default());
                }
                return Ok(());
            }
            "components" => return map.next_value_seed(ListOf(Components { draft: self.draft, parent: slot })),
            _ => return skip(map),
        };
        *text = map.next_value::<Text<'de>>()?.or_empty().to_owned();
        Ok(())
    }

    fn end(self) {
        match self.slot {
            Some(slot) if self.is_subject => self.draft.subject(slot, &self.component),
            Some(slot) => self.draft.close(slot, &self.component),
            None => {}
        }
    }
}

struct Dependencies<'d>(&'d mut Draft);

impl<'de> Entries<'de> for Dependencies<'_> {
    fn entry<A: SeqAccess<'de>>(&mut self, list: &mut A) -> Result<bool, A::Error> {
        let dependency = Dependency { draft: self.0, reference: None, on: Vec::new() };
        list.next_element_seed(MapOf(dependency)).map(|entry| entry.is_some())
    }
}

struct Dependency<'d> {
    draft: &'d mut Draft,
    reference: Option<u32>,
    /// What it depends on; this may stand before its own reference.
    on: Vec<Option<u32>>,
}

impl<'de> Keys<'de> for Dependency<'_> {
    fn key<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "ref" => {
                let reference = map.next_value::<Text<'de>>()?;
                self.reference = self.draft.reference(reference.or_empty());
                Ok(())
            }
            "dependsOn" => map.next_value_seed(ListOf(DependsOn { draft: self.draft, on: &mut self.on })),
            _ => skip(map),
        }
    }

    fn end(self) {
        for on in self.on {
            self.draft.edge(self.reference, on, Edge::DependsOn);
        }
    }
}

/// References; a root component may need every other, so that this list is not cut off at a few.
struct DependsOn<'l> {
    draft: &'l mut Draft,
    on: &'l mut Vec<Option<u32>>,
}

impl<'de> Entries<'de> for DependsOn<'_> {
    fn entry<A: SeqAccess<'de>>(&mut self, list: &mut A) -> Result<bool, A::Error> {
        let Some(text) = list.next_element::<Text<'de>>()? else { return Ok(false) };
        if let Some(reference) = text.get() {
            self.on.push(self.draft.reference(reference));
        }
        Ok(true)
    }
}

fn named(properties: Few<Maybe<Named<'_>>>) -> impl Iterator<Item = (String, String)> {
    let both = |p: Named<'_>| (p.name.or_empty().to_owned(), p.value.or_empty().to_owned());
    properties.0.into_iter().filter_map(move |p| p.0.map(both))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Named<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    value: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Hash<'a> {
    #[serde(borrow)]
    alg: Text<'a>,
    #[serde(borrow)]
    content: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Licence<'a> {
    #[serde(borrow)]
    expression: Text<'a>,
    #[serde(borrow)]
    license: Maybe<NamedLicence<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct NamedLicence<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    name: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Evidence<'a> {
    #[serde(borrow)]
    occurrences: Few<Maybe<Seen<'a>>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Seen<'a> {
    #[serde(borrow)]
    location: Text<'a>,
    #[serde(borrow)]
    additional_context: Text<'a>,
}
