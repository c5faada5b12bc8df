//! The bytes of a row without stream, name and advisory: rows that say the same share one payload.

use seawall_model::{AdvisoryKind, FixState, Severity};

use super::bytes::{Cursor, put_varint, unzigzag, zigzag};

/// A range whose texts are string ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum RangeIds {
    Versions { introduced: Option<u32>, fixed: Option<u32>, last_affected: Option<u32> },
    Constraint(u32),
}

/// A payload: texts are string ids, `versions` is an offset into the version lists, the two codes are one octal digit.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Payload {
    pub(crate) state: u8,
    pub(crate) severity: u8,
    pub(crate) ranges: Box<[RangeIds]>,
    pub(crate) versions: Option<u32>,
    pub(crate) architectures: Box<[u32]>,
    pub(crate) module: Option<u32>,
    pub(crate) fixed_by: Option<u32>,
}

// Shapes of a payload, the upper two bits of its first byte. Most rows are "below the fixed version" of one byte and
// one string id; only what is unusual pays for a flags byte.
const SHAPE_EMPTY: u8 = 0;
const SHAPE_BELOW: u8 = 1;
const SHAPE_BETWEEN: u8 = 2;
const SHAPE_FULL: u8 = 3;

const HAS_VERSIONS: u8 = 1;
const HAS_ARCHITECTURES: u8 = 2;
const HAS_MODULE: u8 = 4;
const HAS_FIXED_BY: u8 = 8;

const RANGE_INTRODUCED: u8 = 1;
const RANGE_FIXED: u8 = 2;
const RANGE_LAST: u8 = 4;
const RANGE_CONSTRAINT: u8 = 8;

impl Payload {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(16);
        let plain = self.versions.is_none()
            && self.architectures.is_empty()
            && self.module.is_none()
            && self.fixed_by.is_none();
        let mut first = |shape: u8| out.push(self.state | (self.severity << 3) | (shape << 6));
        match &self.ranges[..] {
            [] if plain => first(SHAPE_EMPTY),
            [RangeIds::Versions { introduced: None, fixed: Some(fixed), last_affected: None }] if plain => {
                first(SHAPE_BELOW);
                put_varint(&mut out, u64::from(*fixed));
            }
            [RangeIds::Versions { introduced: Some(introduced), fixed: Some(fixed), last_affected: None }] if plain => {
                first(SHAPE_BETWEEN);
                put_varint(&mut out, u64::from(*introduced));
                put_varint(&mut out, u64::from(*fixed));
            }
            _ => {
                first(SHAPE_FULL);
                self.encode_full(&mut out);
            }
        }
        out
    }

    fn encode_full(&self, out: &mut Vec<u8>) {
        let flag = |present: bool, bit: u8| if present { bit } else { 0 };
        out.push(
            flag(self.versions.is_some(), HAS_VERSIONS)
                | flag(!self.architectures.is_empty(), HAS_ARCHITECTURES)
                | flag(self.module.is_some(), HAS_MODULE)
                | flag(self.fixed_by.is_some(), HAS_FIXED_BY),
        );
        put_varint(out, self.ranges.len() as u64);
        for range in &self.ranges {
            encode_range(out, *range);
        }
        if let Some(offset) = self.versions {
            put_varint(out, u64::from(offset));
        }
        if !self.architectures.is_empty() {
            put_varint(out, self.architectures.len() as u64);
            for id in &self.architectures {
                put_varint(out, u64::from(*id));
            }
        }
        for id in [self.module, self.fixed_by].into_iter().flatten() {
            put_varint(out, u64::from(id));
        }
    }

    pub(crate) fn decode(cursor: &mut Cursor<'_>) -> Option<Self> {
        let first = cursor.u8()?;
        let mut payload = Self {
            state: first & 7,
            severity: (first >> 3) & 7,
            ranges: Box::default(),
            versions: None,
            architectures: Box::default(),
            module: None,
            fixed_by: None,
        };
        match first >> 6 {
            SHAPE_EMPTY => {}
            SHAPE_FULL => payload.decode_full(cursor)?,
            shape => {
                let introduced = if shape == SHAPE_BETWEEN { Some(cursor.varint32()?) } else { None };
                let fixed = Some(cursor.varint32()?);
                payload.ranges = Box::new([RangeIds::Versions { introduced, fixed, last_affected: None }]);
            }
        }
        Some(payload)
    }

    fn decode_full(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        let flags = cursor.u8()?;
        self.ranges = (0..cursor.count()?).map(|_| decode_range(cursor)).collect::<Option<_>>()?;
        if flags & HAS_VERSIONS != 0 {
            self.versions = Some(cursor.varint32()?);
        }
        if flags & HAS_ARCHITECTURES != 0 {
            self.architectures = (0..cursor.count()?).map(|_| cursor.varint32()).collect::<Option<_>>()?;
        }
        if flags & HAS_MODULE != 0 {
            self.module = Some(cursor.varint32()?);
        }
        if flags & HAS_FIXED_BY != 0 {
            self.fixed_by = Some(cursor.varint32()?);
        }
        Some(())
    }

    /// The same payload with every string id and the version list brought to their final numbers.
    pub(crate) fn map(&self, string: impl Fn(u32) -> u32, list: impl Fn(u32) -> u32) -> Self {
        let range = |range: &RangeIds| match *range {
            RangeIds::Versions { introduced, fixed, last_affected } => RangeIds::Versions {
                introduced: introduced.map(&string),
                fixed: fixed.map(&string),
                last_affected: last_affected.map(&string),
            },
            RangeIds::Constraint(text) => RangeIds::Constraint(string(text)),
        };
        Self {
            state: self.state,
            severity: self.severity,
            ranges: self.ranges.iter().map(range).collect(),
            versions: self.versions.map(list),
            architectures: self.architectures.iter().map(|id| string(*id)).collect(),
            module: self.module.map(&string),
            fixed_by: self.fixed_by.map(&string),
        }
    }
}

fn encode_range(out: &mut Vec<u8>, range: RangeIds) {
    match range {
        RangeIds::Constraint(text) => {
            out.push(RANGE_CONSTRAINT);
            put_varint(out, u64::from(text));
        }
        RangeIds::Versions { introduced, fixed, last_affected } => {
            let bounds = [(introduced, RANGE_INTRODUCED), (fixed, RANGE_FIXED), (last_affected, RANGE_LAST)];
            out.push(bounds.iter().filter(|(id, _)| id.is_some()).fold(0, |flags, (_, bit)| flags | bit));
            for id in bounds.iter().filter_map(|(id, _)| *id) {
                put_varint(out, u64::from(id));
            }
        }
    }
}

fn decode_range(cursor: &mut Cursor<'_>) -> Option<RangeIds> {
    let flags = cursor.u8()?;
    if flags == RANGE_CONSTRAINT {
        return Some(RangeIds::Constraint(cursor.varint32()?));
    }
    if flags & !(RANGE_INTRODUCED | RANGE_FIXED | RANGE_LAST) != 0 {
        return None;
    }
    let mut bound = |bit: u8| if flags & bit == 0 { Some(None) } else { cursor.varint32().map(Some) };
    let introduced = bound(RANGE_INTRODUCED)?;
    let fixed = bound(RANGE_FIXED)?;
    let last_affected = bound(RANGE_LAST)?;
    Some(RangeIds::Versions { introduced, fixed, last_affected })
}

/// The bytes of a list of versions: their number, then each string id as the distance from the one before. Version
/// numbers that follow each other are near each other in the sorted string table, so most distances are one byte.
pub(crate) fn encode_versions(ids: &[u32]) -> Vec<u8> {
    let mut out = Vec::with_capacity(ids.len().saturating_add(8));
    put_varint(&mut out, ids.len() as u64);
    let mut last = 0i64;
    for id in ids {
        put_varint(&mut out, zigzag(i64::from(*id) - last));
        last = i64::from(*id);
    }
    out
}

/// The inverse of [`encode_versions`].
pub(crate) fn decode_versions(cursor: &mut Cursor<'_>) -> Option<Vec<u32>> {
    let count = cursor.count()?;
    let mut last = 0i64;
    let mut ids = Vec::with_capacity(count);
    for _ in 0..count {
        last = last.checked_add(unzigzag(cursor.varint()?))?;
        ids.push(u32::try_from(last).ok()?);
    }
    Some(ids)
}

/// The number of a fix state.
pub(crate) fn state_code(state: FixState) -> u8 {
    match state {
        FixState::Fixed => 0,
        FixState::Affected => 1,
        FixState::WontFix => 2,
        FixState::Deferred => 3,
        FixState::UnderInvestigation => 4,
        FixState::NotAffected => 5,
    }
}

/// The inverse of [`state_code`].
pub(crate) fn state_of(code: u8) -> Option<FixState> {
    use FixState::{Affected, Deferred, Fixed, NotAffected, UnderInvestigation, WontFix};
    [Fixed, Affected, WontFix, Deferred, UnderInvestigation, NotAffected].get(usize::from(code)).copied()
}

/// The number of a severity.
pub(crate) fn severity_code(severity: Severity) -> u8 {
    match severity {
        Severity::Unknown => 0,
        Severity::Negligible => 1,
        Severity::Low => 2,
        Severity::Medium => 3,
        Severity::High => 4,
        Severity::Critical => 5,
    }
}

/// The inverse of [`severity_code`].
pub(crate) fn severity_of(code: u8) -> Option<Severity> {
    Severity::ALL.get(usize::from(code)).copied()
}

/// The number of an advisory kind.
pub(crate) fn kind_code(kind: AdvisoryKind) -> u8 {
    match kind {
        AdvisoryKind::Vulnerability => 0,
        AdvisoryKind::Malicious => 1,
        AdvisoryKind::Unmaintained => 2,
    }
}

/// The inverse of [`kind_code`].
pub(crate) fn kind_of(code: u8) -> Option<AdvisoryKind> {
    [AdvisoryKind::Vulnerability, AdvisoryKind::Malicious, AdvisoryKind::Unmaintained].get(usize::from(code)).copied()
}
