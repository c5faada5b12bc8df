//! CISA's [Known Exploited Vulnerabilities](https://www.cisa.gov/known-exploited-vulnerabilities-catalog).

use seawall_model::KnownExploited;
use serde::Deserialize;

use super::common::{is_cve, is_named, json, title};
use super::text::{List, Text};
use super::{Sink, Source, SourceError};

/// The KEV catalogue.
#[derive(Debug)]
pub(super) struct KnownExploitedCatalogue;

#[derive(Debug, Deserialize)]
struct Catalogue<'a> {
    #[serde(borrow)]
    vulnerabilities: List<Entry<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Entry<'a> {
    #[serde(borrow, rename = "cveID")]
    cve: Text<'a>,
    #[serde(borrow)]
    date_added: Text<'a>,
    #[serde(borrow)]
    due_date: Text<'a>,
    #[serde(borrow)]
    known_ransomware_campaign_use: Text<'a>,
}

impl Source for KnownExploitedCatalogue {
    fn id(&self) -> &'static str {
        "cisa-kev"
    }

    fn about(&self) -> &'static str {
        "CVEs that are known to be exploited, published by CISA."
    }

    fn docs(&self) -> &'static str {
        "https://www.cisa.gov/known-exploited-vulnerabilities-catalog"
    }

    fn recognises(&self, container: &str) -> bool {
        is_named(container, &["cisa-kev", "known_exploited_vulnerabilities"])
    }

    fn read(&self, member: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), SourceError> {
        let catalogue: Catalogue<'_> = json(bytes)?;
        if catalogue.vulnerabilities.is_empty() {
            return Err(SourceError::Incomplete("no vulnerabilities"));
        }
        for entry in &catalogue.vulnerabilities {
            if !is_cve(&entry.cve) {
                sink.unknown(member, format!("`{}` is not a CVE id", &*entry.cve));
                continue;
            }
            let mut date = |text: &str| {
                if !text.is_empty() && text.parse::<jiff::civil::Date>().is_err() {
                    sink.unknown(member, format!("{}: date `{}`", &*entry.cve, title(text)));
                    return String::new();
                }
                text.to_owned()
            };
            let exploited = KnownExploited {
                added: date(&entry.date_added),
                due: date(&entry.due_date),
                ransomware: entry.known_ransomware_campaign_use.eq_ignore_ascii_case("known"),
            };
            sink.kev(&entry.cve, exploited);
        }
        Ok(())
    }
}
