use std::io::{self, Write};

use seawall_model::Report;

use crate::spdx::{self, Element};
use crate::{Format, RenderOptions};

/// SPDX 2.3, tag-value.
pub(crate) struct SpdxTagValue;

impl Format for SpdxTagValue {
    fn id(&self) -> &'static str {
        "spdx-tag-value"
    }

    fn about(&self) -> &'static str {
        "SPDX 2.3 SBOM with links to advisories, as tag-value text"
    }

    fn specification(&self) -> &'static str {
        "https://spdx.github.io/spdx-spec/v2.3/"
    }

    fn media_type(&self) -> &'static str {
        "text/spdx; version=2.3; charset=utf-8"
    }

    fn file_extension(&self) -> &'static str {
        "spdx"
    }

    fn render(&self, report: &Report, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        let document = spdx::document(self.id(), report, options);
        tag(out, "SPDXVersion", "SPDX-2.3")?;
        tag(out, "DataLicense", "CC0-1.0")?;
        tag(out, "SPDXID", "SPDXRef-DOCUMENT")?;
        tag(out, "DocumentName", &document.name)?;
        tag(out, "DocumentNamespace", &document.namespace)?;
        if !document.comment.is_empty() {
            text(out, "DocumentComment", &document.comment)?;
        }
        tag(out, "Creator", &document.creator)?;
        tag(out, "Created", &document.created)?;
        for element in &document.packages {
            package(out, element)?;
        }
        for (id, extracted) in &document.licences {
            out.write_all(b"\n")?;
            tag(out, "LicenseID", id)?;
            text(out, "ExtractedText", extracted)?;
            tag(out, "LicenseName", "NOASSERTION")?;
        }
        out.write_all(b"\n")?;
        for (from, kind, to, comment) in &document.relationships {
            tag(out, "Relationship", &format!("{from} {kind} {to}"))?;
            if let Some(comment) = comment {
                text(out, "RelationshipComment", comment)?;
            }
        }
        Ok(())
    }
}

fn package(out: &mut dyn Write, package: &Element) -> io::Result<()> {
    out.write_all(b"\n")?;
    tag(out, "PackageName", &package.name)?;
    tag(out, "SPDXID", &package.id)?;
    if !package.version.is_empty() {
        tag(out, "PackageVersion", &package.version)?;
    }
    tag(out, "PackageSupplier", &package.supplier)?;
    tag(out, "PackageDownloadLocation", "NOASSERTION")?;
    tag(out, "FilesAnalyzed", "false")?;
    for (algorithm, hex) in &package.checksums {
        tag(out, "PackageChecksum", &format!("{algorithm}: {hex}"))?;
    }
    if !package.source_info.is_empty() {
        text(out, "PackageSourceInfo", &package.source_info)?;
    }
    tag(out, "PackageLicenseConcluded", "NOASSERTION")?;
    tag(out, "PackageLicenseDeclared", &package.licence)?;
    tag(out, "PackageCopyrightText", "NOASSERTION")?;
    if !package.comment.is_empty() {
        text(out, "PackageComment", &package.comment)?;
    }
    for reference in &package.references {
        tag(out, "ExternalRef", &format!("{} {} {}", reference.category, reference.kind, reference.locator))?;
        if !reference.comment.is_empty() {
            text(out, "ExternalRefComment", &reference.comment)?;
        }
    }
    tag(out, "PrimaryPackagePurpose", package.purpose)
}

/// A value of one line; the document holds only lines that are already clean.
fn tag(out: &mut dyn Write, name: &str, value: &str) -> io::Result<()> {
    // A value that begins like a multi-line text would swallow what follows.
    writeln!(out, "{name}: {}", disarm(value))
}

/// A value that may be long.
fn text(out: &mut dyn Write, name: &str, value: &str) -> io::Result<()> {
    writeln!(out, "{name}: <text>{}</text>", disarm(value))
}

fn disarm(value: &str) -> String {
    value.replace("<text>", "[text]").replace("</text>", "[/text]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_end_itself() {
        let mut out = Vec::new();
        text(&mut out, "PackageSourceInfo", "a</text>\u{fffd}PackageName: evil<text>").unwrap();
        let written = String::from_utf8(out).unwrap();
        assert_eq!(written.matches("</text>").count(), 1);
        assert_eq!(written.lines().count(), 1);
    }
}
