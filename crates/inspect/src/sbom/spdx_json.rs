//! SPDX 2.2 and 2.3 as JSON ([schema](https://github.com/spdx/spdx-spec/blob/support/v2.3/schemas/spdx-schema.json)).

use serde::Deserialize;
use serde::de::{MapAccess, SeqAccess};

use super::Read;
use super::draft::Draft;
use super::json::{Entries, Few, Keys, ListOf, MapOf, document, skip};
use super::spdx::{Element, Spdx};
use crate::text::{Maybe, Text};

/// Reads a document into a draft.
pub(super) fn read(bytes: &[u8], draft: &mut Draft) -> Read {
    let mut spdx = Spdx::new(draft);
    document(bytes, Document(&mut spdx))?;
    spdx.finish();
    Ok(())
}

struct Document<'s, 'd>(&'s mut Spdx<'d>);

impl<'de> Keys<'de> for Document<'_, '_> {
    fn key<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "packages" => map.next_value_seed(ListOf(Packages(self.0))),
            "relationships" => map.next_value_seed(ListOf(Relations(self.0))),
            "hasExtractedLicensingInfos" => map.next_value_seed(ListOf(Licences(self.0))),
            "documentDescribes" => {
                let described: Few<Text<'de>> = map.next_value()?;
                described.0.iter().for_each(|id| self.0.describes(id.or_empty()));
                Ok(())
            }
            "comment" => {
                let comment: Text<'de> = map.next_value()?;
                self.0.comment(comment.or_empty());
                Ok(())
            }
            _ => skip(map),
        }
    }
}

struct Packages<'s, 'd>(&'s mut Spdx<'d>);

impl<'de> Entries<'de> for Packages<'_, '_> {
    fn entry<A: SeqAccess<'de>>(&mut self, list: &mut A) -> Result<bool, A::Error> {
        let package = Package { spdx: self.0, element: Element::default() };
        list.next_element_seed(MapOf(package)).map(|entry| entry.is_some())
    }
}

struct Package<'s, 'd> {
    spdx: &'s mut Spdx<'d>,
    element: Element,
}

impl<'de> Keys<'de> for Package<'_, '_> {
    fn key<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        let element = &mut self.element;
        let text = match key {
            "SPDXID" => &mut element.component.reference,
            "name" => &mut element.component.name,
            "versionInfo" => &mut element.component.version,
            "supplier" => &mut element.component.vendor,
            "licenseDeclared" => &mut element.declared,
            "licenseConcluded" => &mut element.concluded,
            "sourceInfo" => &mut element.source_info,
            "comment" => &mut element.comment,
            "primaryPackagePurpose" => &mut element.purpose,
            "checksums" => {
                let checksums: Few<Maybe<Checksum<'de>>> = map.next_value()?;
                for checksum in checksums.0.iter().filter_map(|c| c.0.as_ref()) {
                    element.component.add_checksum(checksum.algorithm.or_empty(), checksum.value.or_empty());
                }
                return Ok(());
            }
            "externalRefs" => {
                let references: Few<Maybe<Reference<'de>>> = map.next_value()?;
                let purl = |r: &&Reference<'_>| r.kind.or_empty().rsplit('/').next() == Some("purl");
                if let Some(reference) = references.0.iter().filter_map(|r| r.0.as_ref()).find(purl) {
                    element.component.purl = reference.locator.or_empty().trim().to_owned();
                }
                return Ok(());
            }
            "attributionTexts" => {
                let texts: Few<Text<'de>> = map.next_value()?;
                element.notes.extend(texts.0.iter().map(|t| t.or_empty().to_owned()));
                return Ok(());
            }
            "annotations" => {
                let annotations: Few<Maybe<Annotation<'de>>> = map.next_value()?;
                let comments = annotations.0.iter().filter_map(|a| a.0.as_ref());
                element.notes.extend(comments.map(|a| a.comment.or_empty().to_owned()));
                return Ok(());
            }
            _ => return skip(map),
        };
        *text = map.next_value::<Text<'de>>()?.or_empty().to_owned();
        Ok(())
    }

    fn end(self) {
        self.spdx.element(self.element);
    }
}

struct Relations<'s, 'd>(&'s mut Spdx<'d>);

impl<'de> Entries<'de> for Relations<'_, '_> {
    fn entry<A: SeqAccess<'de>>(&mut self, list: &mut A) -> Result<bool, A::Error> {
        let Some(Maybe(relation)) = list.next_element::<Maybe<Relation<'de>>>()? else { return Ok(false) };
        if let Some(r) = relation {
            self.0.relation(r.from.or_empty(), r.kind.or_empty(), r.to.or_empty(), r.comment.or_empty());
        }
        Ok(true)
    }
}

struct Licences<'s, 'd>(&'s mut Spdx<'d>);

impl<'de> Entries<'de> for Licences<'_, '_> {
    fn entry<A: SeqAccess<'de>>(&mut self, list: &mut A) -> Result<bool, A::Error> {
        let Some(Maybe(licence)) = list.next_element::<Maybe<Licence<'de>>>()? else { return Ok(false) };
        if let Some(licence) = licence {
            self.0.draft.licence_text(licence.id.or_empty(), licence.text.or_empty());
            self.0.draft.licence_text(licence.id.or_empty(), licence.name.or_empty());
        }
        Ok(true)
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Checksum<'a> {
    #[serde(borrow)]
    algorithm: Text<'a>,
    #[serde(borrow, rename = "checksumValue")]
    value: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Reference<'a> {
    #[serde(borrow, rename = "referenceType")]
    kind: Text<'a>,
    #[serde(borrow, rename = "referenceLocator")]
    locator: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Annotation<'a> {
    #[serde(borrow)]
    comment: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Relation<'a> {
    #[serde(borrow, rename = "spdxElementId")]
    from: Text<'a>,
    #[serde(borrow, rename = "relationshipType")]
    kind: Text<'a>,
    #[serde(borrow, rename = "relatedSpdxElement")]
    to: Text<'a>,
    #[serde(borrow)]
    comment: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Licence<'a> {
    #[serde(borrow, rename = "licenseId")]
    id: Text<'a>,
    #[serde(borrow, rename = "extractedText")]
    text: Text<'a>,
    #[serde(borrow)]
    name: Text<'a>,
}
