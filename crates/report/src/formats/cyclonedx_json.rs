use std::io::{self, Write};

use seawall_model::Report;

use crate::json::Value;
use crate::{Format, RenderOptions, cyclonedx};

/// CycloneDX 1.6, JSON.
pub(crate) struct CyclonedxJson;

impl Format for CyclonedxJson {
    fn id(&self) -> &'static str {
        "cyclonedx-json"
    }

    fn about(&self) -> &'static str {
        "CycloneDX 1.6 SBOM with vulnerabilities, as JSON"
    }

    fn specification(&self) -> &'static str {
        "https://cyclonedx.org/docs/1.6/json/"
    }

    fn media_type(&self) -> &'static str {
        "application/vnd.cyclonedx+json; version=1.6"
    }

    fn file_extension(&self) -> &'static str {
        "cdx.json"
    }

    fn render(&self, report: &Report, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        Value::from(cyclonedx::document(self.id(), report, options)).write(out)
    }
}
