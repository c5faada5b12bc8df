//! OpenSSL's own [CVE records](https://openssl-library.org/news/vulnerabilities/): which releases of the upstream
//! library are affected, for builds that no distribution packages.

use seawall_model::{FixState, Range, VersionRange};

use super::common::{is_named, json, row};
use super::cve5::record::{Record, Version};
use super::{Sink, Source, SourceError};

/// OpenSSL's vulnerabilities.
#[derive(Debug)]
pub(super) struct Openssl;

impl Source for Openssl {
    fn id(&self) -> &'static str {
        "openssl"
    }

    fn about(&self) -> &'static str {
        "Vulnerabilities of OpenSSL, published by the OpenSSL project."
    }

    fn docs(&self) -> &'static str {
        "https://openssl-library.org/news/vulnerabilities/"
    }

    fn recognises(&self, container: &str) -> bool {
        is_named(container, &["openssl-cve5", "openssl"])
    }

    fn read(&self, member: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), SourceError> {
        let name = member.rsplit('/').next().unwrap_or(member);
        if !(name.starts_with("CVE-") && name.ends_with(".json")) {
            return Ok(()); // Remarks on releases as a whole.
        }
        let record: Record<'_> = json(bytes)?;
        let mut advisory = record.advisory(self.id())?;
        for product in &record.containers.cna.affected {
            let mut row = row("generic", product.product.to_ascii_lowercase(), FixState::Affected);
            for version in product.versions.iter().filter(|v| v.status.0 == "affected") {
                match interval(version) {
                    Some(range) => {
                        if range.fixed.is_some() {
                            row.state = FixState::Fixed;
                        }
                        row.ranges.push(Range::Versions(range));
                    }
                    None if version.version.is_empty() => sink.unknown(member, "a version without a number".to_owned()),
                    None => row.versions.push(version.version.to_string()),
                }
            }
            if row.name.is_empty() {
                sink.unknown(member, "a product without a name".to_owned());
            } else {
                advisory.affected.push(row);
            }
        }
        sink.advisory(advisory);
        Ok(())
    }
}

fn interval(version: &Version<'_>) -> Option<VersionRange> {
    let text = |text: &str| Some(text.to_owned()).filter(|t| !t.is_empty() && t != "*");
    let introduced = text(&version.version).filter(|v| v != "0");
    if !version.less_than.is_empty() {
        Some(VersionRange { introduced, fixed: text(&version.less_than), last_affected: None })
    } else if !version.less_than_or_equal.is_empty() {
        Some(VersionRange { introduced, fixed: None, last_affected: text(&version.less_than_or_equal) })
    } else {
        None
    }
}
