//! What a database says of itself: the info section, JSON because it is small and read once, on request.

use seawall_model::Digest;
use serde::{Deserialize, Serialize};

/// One feed that went into a database.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FeedInfo {
    /// The feed's id: `debian-osv`, `ghsa`, …
    pub id: String,
    /// The publisher's own version or date of what was read; empty where there is none.
    pub version: String,
    /// Digest of the bytes that were read, where they are one file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// Advisories and other records taken from it.
    pub records: u64,
    /// Newest date of publication or change among them; empty where none is stated. [`DatabaseInfo::on`] gives the
    /// newest one that does not lie ahead.
    pub newest: String,
    /// The newest few days among them, newest first: publishers' slips of the pen lie ahead.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub latest: Vec<String>,
    /// How many members or records were not understood.
    pub unknown: u64,
    /// The first few of them in byte order, `member: reason`.
    pub unknown_examples: Vec<String>,
}

/// So many of the newest days of a feed are kept.
const MAX_LATEST: usize = 64;

impl FeedInfo {
    /// Notes the day of a record.
    pub(crate) fn saw(&mut self, day: &str) {
        if day > self.newest.as_str() {
            day.clone_into(&mut self.newest);
        }
        if let Err(at) = self.latest.binary_search_by(|known| day.cmp(known))
            && at < MAX_LATEST
        {
            self.latest.insert(at, day.to_owned());
            self.latest.truncate(MAX_LATEST);
        }
    }
}

/// How much a database holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Counts {
    /// Advisories.
    pub advisories: u64,
    /// Affected packages, before rows that say the same are shared.
    pub affected: u64,
    /// Packages, counted once per stream.
    pub packages: u64,
    /// Streams.
    pub streams: u64,
    /// EPSS entries.
    pub epss: u64,
    /// Known exploited vulnerabilities.
    pub known_exploited: u64,
    /// Release cycles with an end of life.
    pub end_of_life: u64,
}

/// What a database says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseInfo {
    /// Version of the file format.
    pub format: u32,
    /// Checksum of header and section table. The table carries the checksum of every section, so this names the whole
    /// content; it is what the header states, and only [`Database::verify`](crate::Database::verify) has compared it
    /// with the bytes.
    pub digest: Digest,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Newest date in any feed; how fresh the database is.
    pub newest: String,
    /// How much it holds.
    pub counts: Counts,
    /// The feeds, by id.
    pub feeds: Vec<FeedInfo>,
}

impl DatabaseInfo {
    /// The same as it is known on that day, `YYYY-MM-DD`: dates after it make nothing look fresh.
    #[must_use]
    pub fn on(mut self, today: &str) -> Self {
        for feed in &mut self.feeds {
            feed.newest =
                std::mem::take(&mut feed.latest).into_iter().find(|day| day.as_str() <= today).unwrap_or_default();
        }
        self.newest = self.feeds.iter().map(|feed| feed.newest.clone()).max().unwrap_or_default();
        self
    }
}

/// The info section.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Info {
    pub(crate) newest: String,
    pub(crate) counts: Counts,
    pub(crate) feeds: Vec<FeedInfo>,
}
