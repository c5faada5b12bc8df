//! The way from an id to the advisories that carry it.

use super::intern::position;
use crate::store::StoreError;
use crate::store::bytes::put_varint;
use crate::store::ids::{cve_key, other_key};

/// Collects (id, advisory, relation).
#[derive(Default)]
pub(super) struct Ids {
    cves: Vec<(u32, u32, u8)>,
    others: Vec<(u64, u32, u8)>,
}

/// The three sections.
#[derive(Default)]
pub(super) struct IdSections {
    pub(super) cves: Vec<u8>,
    pub(super) others: Vec<u8>,
    pub(super) mentions: Vec<u8>,
}

impl Ids {
    pub(super) fn add(&mut self, id: &str, advisory: u32, relation: u8) {
        match cve_key(id) {
            Some(key) => self.cves.push((key, advisory, relation)),
            None => self.others.push((other_key(id), advisory, relation)),
        }
    }

    pub(super) fn finish(mut self) -> Result<IdSections, StoreError> {
        let mut out = IdSections::default();
        self.cves.sort_unstable();
        self.cves.dedup();
        for group in self.cves.chunk_by(|a, b| a.0 == b.0) {
            let Some((key, ..)) = group.first() else { continue };
            out.cves.extend_from_slice(&key.to_le_bytes());
            out.cves.extend_from_slice(&position(&out.mentions)?.to_le_bytes());
            mentions(&mut out.mentions, group.iter().map(|(_, advisory, relation)| (*advisory, *relation)));
        }
        self.others.sort_unstable();
        self.others.dedup();
        for group in self.others.chunk_by(|a, b| a.0 == b.0) {
            let Some((key, ..)) = group.first() else { continue };
            out.others.extend_from_slice(&key.to_le_bytes());
            out.others.extend_from_slice(&position(&out.mentions)?.to_le_bytes());
            mentions(&mut out.mentions, group.iter().map(|(_, advisory, relation)| (*advisory, *relation)));
        }
        Ok(out)
    }
}

fn mentions(out: &mut Vec<u8>, group: impl ExactSizeIterator<Item = (u32, u8)>) {
    put_varint(out, group.len() as u64);
    let mut last = 0;
    for (advisory, relation) in group {
        put_varint(out, (u64::from(advisory - last) << 2) | u64::from(relation));
        last = advisory;
    }
}
