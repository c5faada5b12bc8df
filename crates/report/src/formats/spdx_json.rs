use std::io::{self, Write};

use seawall_model::Report;

use crate::json::{Object, Value};
use crate::spdx::{self, Document, Element};
use crate::{Format, RenderOptions};

/// SPDX 2.3, JSON.
pub(crate) struct SpdxJson;

impl Format for SpdxJson {
    fn id(&self) -> &'static str {
        "spdx-json"
    }

    fn about(&self) -> &'static str {
        "SPDX 2.3 SBOM with links to advisories, as JSON"
    }

    fn specification(&self) -> &'static str {
        "https://spdx.github.io/spdx-spec/v2.3/"
    }

    fn media_type(&self) -> &'static str {
        "application/spdx+json; version=2.3"
    }

    fn file_extension(&self) -> &'static str {
        "spdx.json"
    }

    fn render(&self, report: &Report, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        write(&spdx::document(self.id(), report, options)).write(out)
    }
}

fn write(document: &Document) -> Value {
    let licences = document
        .licences
        .iter()
        .map(|(id, text)| Object::new().put("licenseId", id).put("extractedText", text).put("name", "NOASSERTION"));
    let relationships = document.relationships.iter().map(|(from, kind, to, comment)| {
        Object::new()
            .put("spdxElementId", from)
            .put("relationshipType", *kind)
            .put("relatedSpdxElement", to)
            .put_some("comment", *comment)
    });
    Object::new()
        .put("spdxVersion", "SPDX-2.3")
        .put("dataLicense", "CC0-1.0")
        .put("SPDXID", "SPDXRef-DOCUMENT")
        .put("name", &document.name)
        .put("documentNamespace", &document.namespace)
        .put_filled("comment", &document.comment)
        .put(
            "creationInfo",
            Object::new().put("created", &document.created).put("creators", vec![document.creator.as_str()]),
        )
        .put("packages", document.packages.iter().map(package).collect::<Vec<_>>())
        .put_filled("hasExtractedLicensingInfos", licences.collect::<Vec<_>>())
        .put("relationships", relationships.collect::<Vec<_>>())
        .into()
}

fn package(package: &Element) -> Object {
    let checksums =
        package.checksums.iter().map(|(name, hex)| Object::new().put("algorithm", *name).put("checksumValue", hex));
    let references = package.references.iter().map(|reference| {
        Object::new()
            .put("referenceCategory", reference.category)
            .put("referenceType", reference.kind)
            .put("referenceLocator", &reference.locator)
            .put_filled("comment", &reference.comment)
    });
    Object::new()
        .put("SPDXID", &package.id)
        .put("name", &package.name)
        .put_filled("versionInfo", &package.version)
        .put("supplier", &package.supplier)
        .put("downloadLocation", "NOASSERTION")
        .put("filesAnalyzed", false)
        .put_filled("checksums", checksums.collect::<Vec<_>>())
        .put_filled("sourceInfo", &package.source_info)
        .put("licenseConcluded", "NOASSERTION")
        .put("licenseDeclared", &package.licence)
        .put("copyrightText", "NOASSERTION")
        .put_filled("comment", &package.comment)
        .put_filled("externalRefs", references.collect::<Vec<_>>())
        // The schema spells it with an underscore, the tag-value form with a hyphen.
        .put("primaryPackagePurpose", package.purpose.replace('-', "_"))
}
