//! An SBOM as a target: CycloneDX and SPDX documents become an inventory.
//!
//! Judged like the image that it was made of: packages keep their sources, systems and owners as far as the document
//! states them. What it states that is not understood is an unknown.

mod cyclonedx;
mod cyclonedx_xml;
mod document;
mod purl;
mod spdx;
mod spdx_tag_value;

use seawall_model::Inventory;

use document::Document;

/// Why bytes are not an SBOM that can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SbomError {
    /// It is none of the four forms.
    #[error("{name}: neither CycloneDX (JSON, XML) nor SPDX (JSON, tag-value)")]
    UnknownFormat {
        /// The document, as the caller named it.
        name: String,
    },
    /// It does not parse.
    #[error("{name}: {format}: {reason}")]
    Malformed {
        /// The document.
        name: String,
        /// Which format it looks like.
        format: &'static str,
        /// What the parser says.
        reason: String,
    },
    /// It has more components than the limit.
    #[error("{name}: more than {limit} components")]
    Limit {
        /// The document.
        name: String,
        /// The limit.
        limit: usize,
    },
}

/// More components than this are refused.
const MAX_COMPONENTS: usize = 1_000_000;

/// Reads an SBOM; its format is told from its content.
///
/// # Errors
/// Where it is none, or does not parse.
pub fn read_sbom(bytes: &[u8], name: &str) -> Result<Inventory, SbomError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let start = bytes.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(bytes.len());
    let body = bytes.get(start..).unwrap_or_default();
    let malformed = |format| move |reason: String| SbomError::Malformed { name: name.to_owned(), format, reason };
    let has = |text: &str| {
        memchr::memmem::find(body.get(..body.len().min(64 << 10)).unwrap_or_default(), text.as_bytes()).is_some()
    };
    let document = match body.first() {
        Some(b'{') if has("\"spdxVersion\"") => spdx::read(body).map_err(malformed("SPDX JSON"))?,
        Some(b'{') if has("\"bomFormat\"") => cyclonedx::read(body).map_err(malformed("CycloneDX JSON"))?,
        Some(b'<') if has("cyclonedx.org/schema/bom") => {
            cyclonedx_xml::read(body).map_err(malformed("CycloneDX XML"))?
        }
        Some(_) if body.starts_with(b"SPDXVersion:") => {
            spdx_tag_value::read(body).map_err(malformed("SPDX tag-value"))?
        }
        _ => return Err(SbomError::UnknownFormat { name: name.to_owned() }),
    };
    if document.components.len() > MAX_COMPONENTS {
        return Err(SbomError::Limit { name: name.to_owned(), limit: MAX_COMPONENTS });
    }
    Ok(Document::into_inventory(document, name))
}
