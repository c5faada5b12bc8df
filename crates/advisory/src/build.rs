//! Gathers what the feeds say and writes the database: one pass over the feeds, memory bounded by what is kept (texts
//! packed, rows of twelve bytes, equal texts and payloads once), then one sorted, deterministic write.

mod finish;
mod ids;
mod intern;
mod rows;
mod scores;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use seawall_model::{Advisory, Affected, EndOfLife, Epss, KnownExploited, Range};

use crate::store::ids::cve_key;
use crate::store::payload::{Payload, RangeIds, kind_code, severity_code, state_code};
use crate::store::scores::to_steps;
use crate::store::texts::MAX_RECORD;
use crate::store::{DatabaseInfo, FeedInfo, StoreError, record};
use intern::Interner;

/// No text is longer than this; an advisory with a longer one is not taken.
const MAX_TEXT: usize = 64 * 1024;
/// No advisory affects more packages than this.
const MAX_AFFECTED: usize = 1_000_000;
/// So many examples of what was not understood are kept for each feed.
const MAX_EXAMPLES: usize = 20;

/// Gathers advisories and writes them as a database.
///
/// What is written depends only on what was given, not on the order in which it was given, except that records are
/// counted for the feed that was begun last.
#[derive(Debug, Default)]
pub struct Builder {
    strings: Interner,
    version_lists: HashMap<Box<[u32]>, u32>,
    payloads: HashMap<Payload, u32>,
    advisories: Vec<Pending>,
    rows: Vec<PendingRow>,
    epss: BTreeMap<u32, (u32, u32)>,
    known_exploited: BTreeMap<u32, KnownExploited>,
    end_of_life: BTreeMap<(String, String), EndOfLife>,
    feeds: BTreeMap<String, FeedInfo>,
    current: String,
}

/// An advisory that waits to be written.
#[derive(Debug)]
struct Pending {
    /// String id of the feed.
    source: u32,
    kind: u8,
    withdrawn: bool,
    severity: u8,
    /// Key of the CVE that it is about.
    cve: Option<u32>,
    /// As [`record::encode`] wrote it.
    record: Box<[u8]>,
    /// Its rows in [`Builder::rows`].
    first_row: usize,
    rows: usize,
}

/// A row that waits to be written; all numbers are provisional.
#[derive(Debug, Clone, Copy)]
struct PendingRow {
    stream: u32,
    name: u32,
    payload: u32,
}

impl Builder {
    /// An empty database.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says which feed the records that follow are read from. `records`, `newest` and the unknowns of `feed` are
    /// counted here; a feed that is begun again goes on counting.
    pub fn begin(&mut self, feed: FeedInfo) {
        self.current.clone_from(&feed.id);
        self.feeds.entry(feed.id.clone()).or_insert(feed);
    }

    /// Takes an advisory. Several feeds may state the same id: each statement is kept, with its source.
    pub fn advisory(&mut self, advisory: &Advisory) {
        if let Err(reason) = self.take(advisory) {
            self.unknown(&advisory.id, reason.to_owned());
            return;
        }
        self.count([&advisory.published, &advisory.modified].into_iter().filter_map(|date| day(date)));
    }

    /// Takes the EPSS entry of a CVE. The last one given for a CVE stands.
    pub fn epss(&mut self, cve: &str, epss: Epss) {
        let steps = (to_steps(epss.score), to_steps(epss.percentile));
        match (cve_key(cve), steps) {
            (Some(key), (Some(score), Some(percentile))) => {
                self.epss.insert(key, (score, percentile));
                self.count([]);
            }
            (None, _) => self.unknown(cve, "not a CVE id".to_owned()),
            _ => self.unknown(cve, "EPSS value outside 0 to 1".to_owned()),
        }
    }

    /// Takes the known-exploited entry of a CVE. The last one given for a CVE stands.
    pub fn kev(&mut self, cve: &str, known: KnownExploited) {
        match cve_key(cve) {
            Some(_) if known.added.len().max(known.due.len()) > MAX_TEXT => {
                self.unknown(cve, "date too long".to_owned());
            }
            Some(key) => {
                let added = day(&known.added).map(str::to_owned);
                self.known_exploited.insert(key, known);
                self.count(added.as_deref());
            }
            None => self.unknown(cve, "not a CVE id".to_owned()),
        }
    }

    /// Takes one release cycle. The last one given for a product and cycle stands.
    pub fn end_of_life(&mut self, entry: EndOfLife) {
        let texts = [Some(&entry.product), Some(&entry.cycle), entry.end.as_ref(), entry.extended_end.as_ref()];
        if texts.into_iter().chain([entry.latest.as_ref()]).flatten().any(|text| text.len() > MAX_TEXT) {
            return self.unknown("end of life", "text too long".to_owned());
        }
        self.end_of_life.insert((entry.product.clone(), entry.cycle.clone()), entry);
        self.count([]);
    }

    /// Notes that a member or record of the current feed was not understood.
    pub fn unknown(&mut self, member: &str, reason: String) {
        let mut example = format!("{}: {reason}", shorten(member));
        example = shorten(&example).to_owned();
        let feed = self.feed();
        feed.unknown = feed.unknown.saturating_add(1);
        // The smallest in byte order, so that the order of arrival does not show.
        if let Err(at) = feed.unknown_examples.binary_search(&example) {
            feed.unknown_examples.insert(at, example);
            feed.unknown_examples.truncate(MAX_EXAMPLES);
        }
    }

    /// Writes the database: into a file beside `out`, which is verified and then renamed over `out`.
    ///
    /// # Errors
    /// When there is more than the format can number, or the file cannot be written; `out` is then as it was.
    pub fn finish(self, out: &Path) -> Result<DatabaseInfo, StoreError> {
        finish::write(self, out)
    }

    fn feed(&mut self) -> &mut FeedInfo {
        let id = self.current.clone();
        self.feeds.entry(id.clone()).or_insert_with(|| FeedInfo { id, ..FeedInfo::default() })
    }

    /// Counts a record of the current feed, and the days that it states.
    fn count<'d>(&mut self, days: impl IntoIterator<Item = &'d str>) {
        let feed = self.feed();
        feed.records = feed.records.saturating_add(1);
        days.into_iter().for_each(|day| feed.saw(day));
    }

    fn take(&mut self, advisory: &Advisory) -> Result<(), &'static str> {
        if advisory.affected.len() > MAX_AFFECTED {
            return Err("affects too many packages");
        }
        if advisory.id.is_empty() {
            return Err("has no id");
        }
        if advisory.source.len() > MAX_TEXT || advisory.affected.iter().any(has_long_text) {
            return Err("text too long");
        }
        let record = record::encode(advisory);
        if record.len() > MAX_RECORD {
            return Err("text too long");
        }
        let first_row = self.rows.len();
        for affected in &advisory.affected {
            let row = self.row(affected);
            self.rows.push(row);
        }
        self.advisories.push(Pending {
            source: self.strings.intern(&advisory.source),
            kind: kind_code(advisory.kind),
            withdrawn: advisory.withdrawn.is_some(),
            severity: severity_code(advisory.severity),
            cve: vulnerability(advisory),
            record: record.into_boxed_slice(),
            first_row,
            rows: advisory.affected.len(),
        });
        Ok(())
    }

    fn row(&mut self, affected: &Affected) -> PendingRow {
        let versions: Vec<u32> = affected.versions.iter().map(|version| self.strings.intern(version)).collect();
        let versions = (!versions.is_empty()).then(|| number(&mut self.version_lists, versions.into_boxed_slice()));
        let strings = &mut self.strings;
        let ranges = affected.ranges.iter().map(|range| match range {
            Range::Constraint(text) => RangeIds::Constraint(strings.intern(text)),
            Range::Versions(range) => RangeIds::Versions {
                introduced: range.introduced.as_deref().map(|text| strings.intern(text)),
                fixed: range.fixed.as_deref().map(|text| strings.intern(text)),
                last_affected: range.last_affected.as_deref().map(|text| strings.intern(text)),
            },
        });
        let payload = Payload {
            state: state_code(affected.state),
            severity: severity_code(affected.severity),
            ranges: ranges.collect(),
            versions,
            architectures: affected.architectures.iter().map(|text| self.strings.intern(text)).collect(),
            module: affected.module.as_deref().map(|text| self.strings.intern(text)),
            fixed_by: affected.fixed_by.as_deref().map(|text| self.strings.intern(text)),
        };
        PendingRow {
            stream: self.strings.intern(&affected.stream),
            name: self.strings.intern(&affected.name),
            payload: number(&mut self.payloads, payload),
        }
    }
}

/// The vulnerability that an advisory is about, as a key: its own id where that is a CVE's, else the first of its aliases.
fn vulnerability(advisory: &Advisory) -> Option<u32> {
    cve_key(&advisory.id).or_else(|| advisory.aliases.iter().filter_map(|id| cve_key(id)).min())
}

/// The number of a value, in order of first arrival.
fn number<T: std::hash::Hash + Eq>(numbers: &mut HashMap<T, u32>, value: T) -> u32 {
    let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
    *numbers.entry(value).or_insert(next)
}

fn has_long_text(affected: &Affected) -> bool {
    let ranges = affected.ranges.iter().flat_map(|range| match range {
        Range::Constraint(text) => [Some(text), None, None],
        Range::Versions(range) => [range.introduced.as_ref(), range.fixed.as_ref(), range.last_affected.as_ref()],
    });
    let named = [Some(&affected.stream), Some(&affected.name), affected.module.as_ref(), affected.fixed_by.as_ref()];
    ranges
        .chain(named)
        .flatten()
        .chain(&affected.versions)
        .chain(&affected.architectures)
        .any(|text| text.len() > MAX_TEXT)
}

/// The day of an RFC 3339 date or date-time; `None` for anything else, so that a strange text is never the newest.
fn day(date: &str) -> Option<&str> {
    let day = date.get(..10)?;
    let shape = day.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    shape.then_some(day)
}

fn shorten(text: &str) -> &str {
    let end = (0..=text.len().min(300)).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    text.get(..end).unwrap_or(text)
}
