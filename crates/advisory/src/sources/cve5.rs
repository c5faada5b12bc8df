//! [CVE records 5.x](https://cveproject.github.io/cve-schema/), as CISA's Vulnrichment enriches them: ratings and
//! weaknesses of CVEs, without packages.

pub(super) mod record;

use super::common::{is_named, json};
use super::{Sink, Source, SourceError};

/// CVE records.
#[derive(Debug)]
pub(super) struct CveRecords;

impl Source for CveRecords {
    fn id(&self) -> &'static str {
        "cve"
    }

    fn about(&self) -> &'static str {
        "CVE records with CISA's additions: CVSS vectors and weaknesses; no packages, so that they only enrich."
    }

    fn docs(&self) -> &'static str {
        "https://github.com/cisagov/vulnrichment"
    }

    fn recognises(&self, container: &str) -> bool {
        is_named(container, &["cve5-vulnrichment-*", "vulnrichment", "cvelistV5"])
    }

    fn read(&self, member: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), SourceError> {
        let name = member.rsplit('/').next().unwrap_or(member);
        if !(name.starts_with("CVE-") && name.ends_with(".json")) {
            return Ok(());
        }
        let record: record::Record<'_> = json(bytes)?;
        sink.advisory(record.advisory(self.id())?);
        Ok(())
    }
}
