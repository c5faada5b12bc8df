//! Payloads, row lists, packages and streams: what matching reads.

use std::collections::HashMap;

use super::intern::{Strings, position};
use super::{Builder, Pending, PendingRow};
use crate::store::StoreError;
use crate::store::affected::Facts;
use crate::store::bytes::put_varint;
use crate::store::payload::encode_versions;

/// The payloads in their final bytes, by provisional number, and the version lists that they point into.
pub(super) struct Payloads {
    bytes: Vec<Box<[u8]>>,
    pub(super) version_lists: Vec<u8>,
}

impl Payloads {
    pub(super) fn of(builder: &mut Builder, strings: &Strings) -> Result<Self, StoreError> {
        let lists = std::mem::take(&mut builder.version_lists);
        let mut encoded: Vec<(Vec<u8>, u32)> = lists
            .into_iter()
            .map(|(ids, number)| {
                let ids: Vec<u32> = ids.iter().map(|id| strings.number(*id)).collect();
                (encode_versions(&ids), number)
            })
            .collect();
        encoded.sort_unstable();
        let mut offsets = vec![0u32; encoded.len()];
        let mut version_lists = Vec::new();
        for (bytes, number) in &encoded {
            if let Some(slot) = offsets.get_mut(*number as usize) {
                *slot = position(&version_lists)?;
            }
            version_lists.extend_from_slice(bytes);
        }
        let payloads = std::mem::take(&mut builder.payloads);
        let mut bytes = vec![Box::default(); payloads.len()];
        for (payload, number) in payloads {
            let list = |list: u32| offsets.get(list as usize).copied().unwrap_or_default();
            let payload = payload.map(|id| strings.number(id), list);
            if let Some(slot) = bytes.get_mut(number as usize) {
                *slot = payload.encode().into_boxed_slice();
            }
        }
        Ok(Self { bytes, version_lists })
    }

    pub(super) fn get(&self, provisional: u32) -> &[u8] {
        self.bytes.get(provisional as usize).map_or(&[], |bytes| bytes)
    }
}

/// The sections that matching reads.
#[derive(Default)]
pub(super) struct Matching {
    pub(super) streams: Vec<u8>,
    pub(super) packages: Vec<u8>,
    pub(super) row_lists: Vec<u8>,
    pub(super) payloads: Vec<u8>,
    pub(super) advisories: Vec<u8>,
    pub(super) affected: u64,
}

/// A row in final numbers; the order of the fields is the order of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    stream: u32,
    name: u32,
    advisory: u32,
    /// Offset of the payload after the advisory's first one.
    payload: u32,
}

impl Matching {
    /// `advisories` in final order, their rows sorted and in final string numbers but with provisional payload numbers.
    pub(super) fn of(
        advisories: &[Pending],
        pending: &[PendingRow],
        payloads: &Payloads,
        strings: &Strings,
    ) -> Result<Self, StoreError> {
        let mut out = Self::default();
        let mut rows = Vec::with_capacity(pending.len());
        let mut blocks: HashMap<Vec<u8>, u32> = HashMap::new();
        for (advisory, index) in advisories.iter().zip(0u32..) {
            let mut block = Vec::new();
            let mut offsets: HashMap<u32, u32> = HashMap::new();
            for row in advisory.rows_of(pending) {
                let payload = match offsets.get(&row.payload) {
                    Some(offset) => *offset,
                    None => {
                        let offset = position(&block)?;
                        block.extend_from_slice(payloads.get(row.payload));
                        offsets.insert(row.payload, offset);
                        offset
                    }
                };
                rows.push(Row { stream: row.stream, name: row.name, advisory: index, payload });
            }
            let facts =
                Facts::new(advisory.kind, advisory.withdrawn, advisory.severity, strings.number(advisory.source));
            let base = match blocks.get(&block) {
                Some(base) => *base,
                None => {
                    let base = position(&out.payloads)?;
                    out.payloads.extend_from_slice(&block);
                    blocks.insert(block, base);
                    base
                }
            };
            out.advisories.extend_from_slice(&base.to_le_bytes());
            out.advisories.extend_from_slice(&facts.0.to_le_bytes());
        }
        drop(blocks);
        rows.sort_unstable();
        rows.dedup();
        out.affected = rows.len() as u64;
        out.lists(&rows)?;
        Ok(out)
    }

    fn lists(&mut self, rows: &[Row]) -> Result<(), StoreError> {
        let too_many = |_| StoreError::TooMany { what: "packages" };
        let mut known: HashMap<Vec<u8>, u32> = HashMap::new();
        let mut package = 0u32;
        for stream in rows.chunk_by(|a, b| a.stream == b.stream) {
            let first = package;
            for list in stream.chunk_by(|a, b| a.name == b.name) {
                let Some(head) = list.first() else { continue };
                let bytes = list_bytes(list);
                let offset = match known.get(&bytes) {
                    Some(offset) => *offset,
                    None => {
                        let offset = position(&self.row_lists)?;
                        self.row_lists.extend_from_slice(&bytes);
                        known.insert(bytes, offset);
                        offset
                    }
                };
                self.packages.extend_from_slice(&head.name.to_le_bytes());
                self.packages.extend_from_slice(&offset.to_le_bytes());
                package = u32::try_from(u64::from(package) + 1).map_err(too_many)?;
            }
            let Some(head) = stream.first() else { continue };
            for number in [head.stream, first, package - first] {
                self.streams.extend_from_slice(&number.to_le_bytes());
            }
        }
        Ok(())
    }
}

fn list_bytes(list: &[Row]) -> Vec<u8> {
    let mut out = Vec::with_capacity(list.len() * 2 + 4);
    put_varint(&mut out, list.len() as u64);
    let mut last = 0;
    for row in list {
        let step = u64::from(row.advisory - last) << 1;
        last = row.advisory;
        put_varint(&mut out, step | u64::from(row.payload != 0));
        if row.payload != 0 {
            put_varint(&mut out, u64::from(row.payload));
        }
    }
    out
}

impl Pending {
    pub(super) fn rows_of<'a>(&self, rows: &'a [PendingRow]) -> &'a [PendingRow] {
        rows.get(self.first_row..self.first_row.saturating_add(self.rows)).unwrap_or_default()
    }
}
