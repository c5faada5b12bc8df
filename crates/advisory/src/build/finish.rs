//! From everything gathered to the bytes of the file.

use std::cmp::Ordering;
use std::io::Write as _;
use std::path::Path;

use seawall_model::{AdvisoryKind, Severity};
use sha2::{Digest as _, Sha256};

use super::ids::Ids;
use super::intern::{Strings, position};
use super::rows::{Matching, Payloads};
use super::{Builder, Pending, PendingRow, scores};
use crate::store::affected::{MAX_SOURCE, PACKAGE, STREAM};
use crate::store::bytes::put_varint;
use crate::store::layout::{ALIGN, Section, header};
use crate::store::texts::{BLOCK_TARGET, compress};
use crate::store::{Counts, Database, DatabaseInfo, Info, StoreError, record, replace};

pub(super) fn write(builder: Builder, out: &Path) -> Result<DatabaseInfo, StoreError> {
    let sections = sections(builder)?;
    let table: Vec<(Section, u64, [u8; 32])> =
        sections.iter().map(|(section, bytes)| (*section, bytes.len() as u64, Sha256::digest(bytes).into())).collect();
    replace(out, |file| {
        file.write_all(&header(&table))?;
        for (_, bytes) in &sections {
            file.write_all(bytes)?;
            let padding = bytes.len().next_multiple_of(ALIGN) - bytes.len();
            file.write_all([0; ALIGN].get(..padding).unwrap_or_default())?;
        }
        Ok(())
    })?;
    Database::open(out)?.info()
}

/// Every section, in the order of the file.
fn sections(mut builder: Builder) -> Result<Vec<(Section, Vec<u8>)>, StoreError> {
    let known = scores::intern_known(&builder.known_exploited, &mut builder.strings);
    let cycles = scores::intern_cycles(&builder.end_of_life, &mut builder.strings);
    let strings = std::mem::take(&mut builder.strings).finish(MAX_SOURCE)?;
    let payloads = Payloads::of(&mut builder, &strings)?;
    let mut rows = std::mem::take(&mut builder.rows);
    settle_rows(&mut rows, &strings);
    let advisories = order(std::mem::take(&mut builder.advisories), &mut rows, &payloads, &strings);
    let Payloads { version_lists, .. } = &payloads;
    let matching = Matching::of(&advisories, &rows, &payloads, &strings)?;
    drop(rows);
    let texts = Texts::of(&advisories)?;
    let ids = ids(&advisories)?;
    let number = |id: u32| strings.number(id);
    let epss = scores::epss(&builder.epss);
    let feeds: Vec<_> = builder.feeds.into_values().collect();
    let info = Info {
        newest: feeds.iter().map(|feed| feed.newest.clone()).max().unwrap_or_default(),
        counts: Counts {
            advisories: advisories.len() as u64,
            affected: matching.affected,
            packages: (matching.packages.len() / PACKAGE) as u64,
            streams: (matching.streams.len() / STREAM) as u64,
            epss: builder.epss.len() as u64,
            known_exploited: known.len() as u64,
            end_of_life: cycles.len() as u64,
        },
        feeds,
    };
    // Serialising numbers and texts cannot fail; an empty section would be found by the verification that follows.
    let info = serde_json::to_vec(&info).unwrap_or_default();
    Ok(vec![
        (Section::Info, info),
        (Section::Streams, matching.streams),
        (Section::Packages, matching.packages),
        (Section::RowLists, matching.row_lists),
        (Section::Advisories, matching.advisories),
        (Section::Payloads, matching.payloads),
        (Section::VersionLists, version_lists.clone()),
        (Section::KnownExploited, scores::known(&known, number)),
        (Section::EndOfLife, scores::cycles(&cycles, number)),
        (Section::StringStarts, strings.starts),
        (Section::StringBytes, strings.bytes),
        (Section::CveIds, ids.cves),
        (Section::OtherIds, ids.others),
        (Section::Mentions, ids.mentions),
        (Section::Epss, epss),
        (Section::BlockIndex, texts.index),
        (Section::Blocks, texts.blocks),
    ])
}

fn settle_rows(rows: &mut [PendingRow], strings: &Strings) {
    for row in rows {
        row.stream = strings.number(row.stream);
        row.name = strings.number(row.name);
    }
}

/// Sorts the advisories by the vulnerability that they are about, then by source, by the first name that they affect, and
/// by their text. What all feeds say of one vulnerability stands side by side: a finding is made from all of it, which is
/// then in one block or two. Advisories of no CVE follow, those of one package side by side. Advisories that are equal in
/// every byte are kept once.
fn order(advisories: Vec<Pending>, rows: &mut [PendingRow], payloads: &Payloads, strings: &Strings) -> Vec<Pending> {
    let by_content = |a: &PendingRow, b: &PendingRow| {
        (a.stream, a.name).cmp(&(b.stream, b.name)).then_with(|| payloads.get(a.payload).cmp(payloads.get(b.payload)))
    };
    let mut keyed = Vec::with_capacity(advisories.len());
    for advisory in advisories {
        let range = advisory.first_row..advisory.first_row.saturating_add(advisory.rows);
        let own = rows.get_mut(range).unwrap_or_default();
        own.sort_unstable_by(by_content);
        let first = own.iter().map(|row| row.name).min();
        let key = (advisory.cve.unwrap_or(u32::MAX), strings.number(advisory.source), first);
        keyed.push((key, advisory));
    }
    let rows = &*rows;
    type Keyed = ((u32, u32, Option<u32>), Pending);
    let compare = |(key_a, a): &Keyed, (key_b, b): &Keyed| -> Ordering {
        let facts = |pending: &Pending| (pending.kind, pending.withdrawn, pending.severity, pending.rows);
        let content = || {
            a.rows_of(rows)
                .iter()
                .zip(b.rows_of(rows))
                .map(|(a, b)| by_content(a, b))
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal)
        };
        key_a.cmp(key_b).then_with(|| a.record.cmp(&b.record)).then_with(|| facts(a).cmp(&facts(b))).then_with(content)
    };
    keyed.sort_unstable_by(&compare);
    keyed.dedup_by(|a, b| compare(a, b).is_eq());
    keyed.into_iter().map(|(_, advisory)| advisory).collect()
}

/// The compressed texts.
#[derive(Default)]
struct Texts {
    index: Vec<u8>,
    blocks: Vec<u8>,
}

impl Texts {
    fn of(advisories: &[Pending]) -> Result<Self, StoreError> {
        let mut out = Self::default();
        let mut raw = Vec::with_capacity(BLOCK_TARGET * 2);
        let mut first = 0u32;
        for (at, (advisory, index)) in advisories.iter().zip(0u32..).enumerate() {
            put_varint(&mut raw, advisory.record.len() as u64);
            raw.extend_from_slice(&advisory.record);
            let ends = advisories.get(at + 1).is_none_or(|next| next.cve.is_none() || next.cve != advisory.cve);
            if raw.len() >= if ends { BLOCK_TARGET / 2 } else { BLOCK_TARGET } {
                out.close(first, &raw)?;
                raw.clear();
                first = index.saturating_add(1);
            }
        }
        if !raw.is_empty() {
            out.close(first, &raw)?;
        }
        Ok(out)
    }

    fn close(&mut self, first: u32, raw: &[u8]) -> Result<(), StoreError> {
        for number in [first, position(&self.blocks)?, position(raw)?] {
            self.index.extend_from_slice(&number.to_le_bytes());
        }
        let compressed = compress(raw).ok_or(StoreError::TooMany { what: "bytes in one block" })?;
        self.blocks.extend_from_slice(&compressed);
        Ok(())
    }
}

fn ids(advisories: &[Pending]) -> Result<super::ids::IdSections, StoreError> {
    let mut ids = Ids::default();
    for (pending, index) in advisories.iter().zip(0u32..) {
        let decoded = record::decode(&pending.record, "", AdvisoryKind::Vulnerability, Severity::Unknown);
        let Some(advisory) = decoded else { continue };
        ids.add(&advisory.id, index, 0);
        advisory.aliases.iter().for_each(|id| ids.add(id, index, 1));
        advisory.related.iter().for_each(|id| ids.add(id, index, 2));
    }
    ids.finish()
}
