use seawall_model::{Advisory, Severity};
use serde::Deserialize;

use crate::sources::SourceError;
use crate::sources::common::{add_cvss, add_cwes, finish, is_cve, title};
use crate::sources::text::{List, Text};

/// A CVE record, as much of it as is used.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::sources) struct Record<'a> {
    #[serde(borrow, rename = "cveMetadata")]
    metadata: Metadata<'a>,
    #[serde(borrow)]
    pub(in crate::sources) containers: Containers<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata<'a> {
    #[serde(borrow)]
    cve_id: Text<'a>,
    #[serde(borrow)]
    state: Text<'a>,
    #[serde(borrow)]
    date_published: Text<'a>,
    #[serde(borrow)]
    date_updated: Text<'a>,
    #[serde(borrow)]
    date_rejected: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::sources) struct Containers<'a> {
    #[serde(borrow)]
    pub(in crate::sources) cna: Container<'a>,
    #[serde(borrow)]
    adp: List<Container<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::sources) struct Container<'a> {
    #[serde(borrow)]
    title: Text<'a>,
    #[serde(borrow)]
    date_public: Text<'a>,
    #[serde(borrow)]
    descriptions: List<Description<'a>>,
    #[serde(borrow)]
    metrics: List<Metric<'a>>,
    #[serde(borrow)]
    problem_types: List<ProblemType<'a>>,
    #[serde(borrow)]
    references: List<Reference<'a>>,
    #[serde(borrow)]
    pub(in crate::sources) affected: List<Product<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reference<'a> {
    #[serde(borrow)]
    url: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Description<'a> {
    #[serde(borrow)]
    value: Text<'a>,
    #[serde(borrow)]
    cwe_id: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ProblemType<'a> {
    #[serde(borrow)]
    descriptions: List<Description<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metric<'a> {
    #[serde(borrow, rename = "cvssV4_0")]
    cvss_4_0: Option<Vector<'a>>,
    #[serde(borrow, rename = "cvssV3_1")]
    cvss_3_1: Option<Vector<'a>>,
    #[serde(borrow, rename = "cvssV3_0")]
    cvss_3_0: Option<Vector<'a>>,
    #[serde(borrow, rename = "cvssV2_0")]
    cvss_2_0: Option<Vector<'a>>,
    #[serde(borrow)]
    other: Option<Other<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Vector<'a> {
    #[serde(borrow, rename = "vectorString")]
    vector: Text<'a>,
}

/// A rating in words (OpenSSL); SSVC decisions have the same place and no text.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Other<'a> {
    #[serde(borrow)]
    content: Content<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Content<'a> {
    #[serde(borrow)]
    text: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::sources) struct Product<'a> {
    #[serde(borrow)]
    pub(in crate::sources) product: Text<'a>,
    #[serde(borrow)]
    pub(in crate::sources) versions: List<Version<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::sources) struct Version<'a> {
    #[serde(borrow)]
    pub(in crate::sources) version: Text<'a>,
    #[serde(borrow)]
    pub(in crate::sources) status: Text<'a>,
    #[serde(borrow)]
    pub(in crate::sources) less_than: Text<'a>,
    #[serde(borrow)]
    pub(in crate::sources) less_than_or_equal: Text<'a>,
}

impl Record<'_> {
    /// The record without packages.
    pub(in crate::sources) fn advisory(&self, source: &str) -> Result<Advisory, SourceError> {
        let id = &*self.metadata.cve_id;
        if !is_cve(id) {
            return Err(SourceError::Incomplete("no CVE id"));
        }
        let mut advisory = Advisory::new(id, source);
        let cna = &self.containers.cna;
        let description = cna.descriptions.first().map_or("", |d| &d.value);
        advisory.title = title(if cna.title.is_empty() { description } else { &cna.title });
        advisory.published =
            if self.metadata.date_published.is_empty() { &cna.date_public } else { &self.metadata.date_published }
                .to_string();
        advisory.modified = self.metadata.date_updated.to_string();
        if self.metadata.state.eq_ignore_ascii_case("rejected") {
            let dates = [&self.metadata.date_rejected, &self.metadata.date_updated];
            let date = dates.into_iter().find(|d| !d.is_empty());
            advisory.withdrawn = Some(date.map_or_else(|| "rejected".to_owned(), |d| d.to_string()));
        }
        advisory.references = cna.references.iter().map(|r| r.url.to_string()).collect();
        for container in std::iter::once(cna).chain(&self.containers.adp) {
            for metric in &container.metrics {
                for vector in [&metric.cvss_4_0, &metric.cvss_3_1, &metric.cvss_3_0, &metric.cvss_2_0] {
                    add_cvss(&mut advisory.cvss, vector.as_ref().map_or("", |v| &v.vector));
                }
                let word = metric.other.as_ref().map_or("", |o| &o.content.text);
                advisory.severity = advisory.severity.max(Severity::from_word(word).unwrap_or_default());
            }
            for description in container.problem_types.iter().flat_map(|p| &p.descriptions) {
                add_cwes(&mut advisory.cwes, &description.cwe_id);
            }
        }
        Ok(finish(advisory))
    }
}
