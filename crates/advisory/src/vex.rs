//! VEX readers: documents that say which vulnerabilities apply to which products, in the formats that publishers use.
//!
//! Which statement speaks of which package is not decided here: see `seawall_decide::apply_vex`.

mod csaf;
mod cyclonedx;
mod openvex;

use seawall_model::VexStatement;
use serde_json::Value;

/// Largest document, in bytes.
const MAX_BYTES: usize = 256 * 1024 * 1024;
/// Most statements of one document.
const MAX_STATEMENTS: usize = 1_000_000;

/// Which form a document has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VexFormat {
    /// [OpenVEX](https://github.com/openvex/spec) 0.0.1 to 0.2.0.
    OpenVex,
    /// [CSAF 2.0](https://docs.oasis-open.org/csaf/csaf/v2.0/csaf-v2.0.html), profiles 4 (security advisory) and 5 (VEX).
    Csaf,
    /// [CycloneDX](https://cyclonedx.org/docs/) 1.4 to 1.6 with vulnerabilities.
    CycloneDx,
}

impl VexFormat {
    /// The format's name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenVex => "OpenVEX",
            Self::Csaf => "CSAF",
            Self::CycloneDx => "CycloneDX",
        }
    }
}

/// What a VEX document says.
#[derive(Debug, Clone, PartialEq)]
pub struct VexDocument {
    /// Its form, told from its content.
    pub format: VexFormat,
    /// Its statements, in its order. Each has one product at least.
    pub statements: Vec<VexStatement>,
    /// What was left out and why, one sentence each: statements with a status that is not known, products that no purl and
    /// no CPE names. Equal ones are counted in one.
    pub skipped: Vec<String>,
}

/// Why a text is not a VEX document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VexError {
    /// It is not JSON, or nested too deep.
    #[error("{document}: not valid JSON: {reason}")]
    Malformed {
        /// The document as the caller named it.
        document: String,
        /// What is wrong, with line and column.
        reason: String,
    },
    /// It is JSON, but none of the formats that are read.
    #[error("{document}: neither OpenVEX nor CSAF nor CycloneDX with vulnerabilities")]
    UnknownFormat {
        /// The document as the caller named it.
        document: String,
    },
    /// A limit cuts it off.
    #[error("{document}: {reason}")]
    Limit {
        /// The document as the caller named it.
        document: String,
        /// Which one.
        reason: String,
    },
}

/// Reads a VEX document; its format is told from its content. `name` stands for it in errors, and in statements where it
/// states no id of its own.
///
/// # Errors
///
/// Text that is not JSON, of no known format, or beyond a limit. What is malformed within a document leaves out the one
/// statement only, and is told in [`VexDocument::skipped`].
pub fn read_vex(name: &str, bytes: &[u8]) -> Result<VexDocument, VexError> {
    let document = || name.to_owned();
    if bytes.len() > MAX_BYTES {
        return Err(VexError::Limit { document: document(), reason: format!("more than {MAX_BYTES} bytes") });
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let root: Value = serde_json::from_slice(bytes)
        .map_err(|error| VexError::Malformed { document: document(), reason: error.to_string() })?;
    let format = detect(&root).ok_or_else(|| VexError::UnknownFormat { document: document() })?;
    let mut out = Collector::default();
    match format {
        VexFormat::OpenVex => openvex::read(name, &root, &mut out),
        VexFormat::Csaf => csaf::read(name, &root, &mut out),
        VexFormat::CycloneDx => cyclonedx::read(name, &root, &mut out),
    }
    if out.full {
        return Err(VexError::Limit { document: document(), reason: format!("more than {MAX_STATEMENTS} statements") });
    }
    let skipped = out
        .skipped
        .into_iter()
        .map(|(reason, number)| if number == 1 { reason } else { format!("{reason} ({number} times)") })
        .collect();
    Ok(VexDocument { format, statements: out.statements, skipped })
}

fn detect(root: &Value) -> Option<VexFormat> {
    let context_is_openvex = match root.get("@context") {
        Some(Value::String(context)) => context.contains("openvex"),
        Some(Value::Array(contexts)) => contexts.iter().any(|c| c.as_str().is_some_and(|c| c.contains("openvex"))),
        _ => false,
    };
    if context_is_openvex {
        Some(VexFormat::OpenVex)
    } else if text(root, &["document", "csaf_version"]).is_some() {
        Some(VexFormat::Csaf)
    } else if root.get("bomFormat").and_then(Value::as_str) == Some("CycloneDX")
        && root.get("vulnerabilities").is_some_and(Value::is_array)
    {
        Some(VexFormat::CycloneDx)
    } else {
        None
    }
}

/// Statements as they are read, and what was left out.
#[derive(Default)]
struct Collector {
    statements: Vec<VexStatement>,
    skipped: std::collections::BTreeMap<String, usize>,
    full: bool,
}

impl Collector {
    fn push(&mut self, mut statement: VexStatement) {
        if statement.products.is_empty() {
            return self.skip(format!("{}: no product is named by purl or CPE", statement.vulnerabilities.join(", ")));
        }
        if statement.vulnerabilities.is_empty() {
            return self.skip("a statement without a vulnerability".to_owned());
        }
        if self.statements.len() >= MAX_STATEMENTS {
            self.full = true;
            return;
        }
        let mut seen = std::collections::BTreeSet::new();
        statement.vulnerabilities.retain(|id| seen.insert(id.clone()));
        self.statements.push(statement);
    }

    fn skip(&mut self, reason: String) {
        // A hostile document must not fill memory with reasons.
        if self.skipped.len() < 1_000 || self.skipped.contains_key(&reason) {
            *self.skipped.entry(reason).or_default() += 1;
        }
    }
}

/// The text at a path of keys.
fn text<'v>(value: &'v Value, path: &[&str]) -> Option<&'v str> {
    let mut value = value;
    for key in path {
        value = value.get(key)?;
    }
    value.as_str().filter(|text| !text.is_empty())
}

fn items<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// Whether a text names a product in a way that can be compared: a purl or a CPE.
fn is_product(text: &str) -> bool {
    text.starts_with("pkg:") || text.starts_with("cpe:")
}

/// The id of a vulnerability where it is written as an address (`https://…/CVE-2024-1`, `…#GHSA-…`).
fn bare_id(text: &str) -> &str {
    let text = text.trim().trim_end_matches('/');
    if text.contains("://") { text.rsplit(['/', '=', '#']).next().unwrap_or(text) } else { text }
}

#[cfg(test)]
mod tests;
