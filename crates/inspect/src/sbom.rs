//! SBOMs as a target: a CycloneDX or SPDX document becomes the inventory that it states.
//!
//! The document is told by its content, read once and front to back, and nothing in it is believed further than it can
//! be checked: limits hold for size, depth, packages and relations, references that lead nowhere are dropped, and what
//! is not understood is an unknown in the inventory.

mod component;
mod cyclonedx_json;
mod cyclonedx_xml;
mod draft;
mod json;
mod purl;
mod spdx;
mod spdx_json;
mod spdx_tag_value;
mod system;

use seawall_model::Inventory;

use draft::Draft;

/// A larger document is not read.
pub const MAX_SBOM_BYTES: usize = 256 << 20;

/// Why a document gives no inventory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SbomError {
    /// It is neither CycloneDX nor SPDX in a form that Seawall reads.
    #[error("{name}: neither CycloneDX (JSON, XML) nor SPDX (JSON, tag-value)")]
    NotAnSbom {
        /// What the caller called it.
        name: String,
    },
    /// It is of a version that Seawall does not read.
    #[error("{name}: {format} {version} is not read (CycloneDX 1.2 to 1.7, SPDX 2.2 and 2.3 are)")]
    Version {
        /// What the caller called it.
        name: String,
        /// `CycloneDX` or `SPDX`.
        format: &'static str,
        /// The version that it states.
        version: String,
    },
    /// It is not what its format allows.
    #[error("{name}: malformed {format}: {reason}")]
    Malformed {
        /// What the caller called it.
        name: String,
        /// `CycloneDX` or `SPDX`.
        format: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// It is larger than [`MAX_SBOM_BYTES`].
    #[error("{name}: larger than {MAX_SBOM_BYTES} bytes")]
    TooLarge {
        /// What the caller called it.
        name: String,
    },
}

/// What a reader of one written form says: nothing, or why it gave up.
type Read = Result<(), String>;

/// Reads an SBOM; `name` is what the target is called.
///
/// Reads CycloneDX 1.2 to 1.7 as [JSON](https://cyclonedx.org/docs/1.7/json/) and
/// [XML](https://cyclonedx.org/docs/1.7/xml/), and [SPDX](https://spdx.github.io/spdx-spec/v2.3/) 2.2 and 2.3 as JSON and
/// tag-value. The packages of the inventory are those with a purl whose type Seawall knows, and libraries and
/// applications that have none, sorted by purl and unique; whatever else claims to be a package is an unknown.
///
/// # Errors
/// Where the document is no SBOM, of another version, not well-formed or too large.
pub fn read_sbom(bytes: &[u8], name: &str) -> Result<Inventory, SbomError> {
    let name = || name.to_owned();
    if bytes.len() > MAX_SBOM_BYTES {
        return Err(SbomError::TooLarge { name: name() });
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let Some((form, version)) = tell(bytes) else { return Err(SbomError::NotAnSbom { name: name() }) };
    let format = form.format();
    let malformed = |reason: String| {
        let reason = reason.chars().take(300).collect();
        SbomError::Malformed { name: name(), format, reason }
    };
    let version = version.map_err(malformed)?;
    // A document that states no version is read as one of the newest.
    if !version.is_empty() && !form.versions().contains(&version.as_str()) {
        let version = version.chars().take(40).collect();
        return Err(SbomError::Version { name: name(), format, version });
    }
    let mut draft = Draft::new(name());
    let read = match form {
        Form::CyclonedxJson => cyclonedx_json::read(bytes, &mut draft),
        Form::CyclonedxXml => cyclonedx_xml::read(bytes, &mut draft),
        Form::SpdxJson => spdx_json::read(bytes, &mut draft),
        Form::SpdxTagValue => spdx_tag_value::read(bytes, &mut draft),
    };
    read.map_err(malformed).map(|()| draft.finish())
}

#[derive(Clone, Copy)]
enum Form {
    CyclonedxJson,
    CyclonedxXml,
    SpdxJson,
    SpdxTagValue,
}

impl Form {
    const fn format(self) -> &'static str {
        match self {
            Self::CyclonedxJson | Self::CyclonedxXml => "CycloneDX",
            Self::SpdxJson | Self::SpdxTagValue => "SPDX",
        }
    }

    const fn versions(self) -> &'static [&'static str] {
        match self {
            Self::CyclonedxJson | Self::CyclonedxXml => &["1.2", "1.3", "1.4", "1.5", "1.6", "1.7"],
            Self::SpdxJson | Self::SpdxTagValue => &["SPDX-2.2", "SPDX-2.3"],
        }
    }
}

/// The form of a document and the version that it states, or why it cannot be read.
fn tell(bytes: &[u8]) -> Option<(Form, Result<String, String>)> {
    match bytes.first()? {
        b'{' => json::tell(bytes).map(|(is_spdx, version)| {
            let form = if is_spdx { Form::SpdxJson } else { Form::CyclonedxJson };
            (form, version)
        }),
        b'<' => cyclonedx_xml::tell(bytes).map(|version| (Form::CyclonedxXml, Ok(version))),
        _ => spdx_tag_value::tell(bytes).map(|version| (Form::SpdxTagValue, Ok(version))),
    }
}
