//! EPSS, known exploited vulnerabilities and end-of-life dates as sections.

use std::collections::BTreeMap;

use seawall_model::{EndOfLife, KnownExploited};

use super::intern::Interner;
use crate::store::scores::NONE;

/// A known exploited vulnerability with its texts interned: key, added, due, ransomware.
pub(super) type KnownIds = [u32; 4];
/// A release cycle with its texts interned; `None` for what is not stated.
pub(super) type CycleIds = [Option<u32>; 5];

pub(super) fn epss(entries: &BTreeMap<u32, (u32, u32)>) -> Vec<u8> {
    let mut out = Vec::with_capacity(entries.len() * crate::store::scores::EPSS);
    for (key, (score, percentile)) in entries {
        out.extend_from_slice(&key.to_le_bytes());
        for steps in [score, percentile] {
            let [a, b, c, _] = steps.to_le_bytes();
            out.extend_from_slice(&[a, b, c]);
        }
    }
    out
}

pub(super) fn intern_known(entries: &BTreeMap<u32, KnownExploited>, strings: &mut Interner) -> Vec<KnownIds> {
    let ids = |(key, known): (&u32, &KnownExploited)| {
        [*key, strings.intern(&known.added), strings.intern(&known.due), u32::from(known.ransomware)]
    };
    entries.iter().map(ids).collect()
}

pub(super) fn known(entries: &[KnownIds], number: impl Fn(u32) -> u32) -> Vec<u8> {
    let record = |[key, added, due, ransomware]: &KnownIds| [*key, number(*added), number(*due), *ransomware];
    entries.iter().flat_map(record).flat_map(u32::to_le_bytes).collect()
}

/// In the order of the map, which is that of product and cycle.
pub(super) fn intern_cycles(entries: &BTreeMap<(String, String), EndOfLife>, strings: &mut Interner) -> Vec<CycleIds> {
    let mut ids = |entry: &EndOfLife| {
        let texts = [
            Some(&entry.product),
            Some(&entry.cycle),
            entry.end.as_ref(),
            entry.extended_end.as_ref(),
            entry.latest.as_ref(),
        ];
        texts.map(|text| text.map(|text| strings.intern(text)))
    };
    entries.values().map(&mut ids).collect()
}

pub(super) fn cycles(entries: &[CycleIds], number: impl Fn(u32) -> u32) -> Vec<u8> {
    entries.iter().flatten().map(|id| id.map_or(NONE, &number)).flat_map(u32::to_le_bytes).collect()
}
