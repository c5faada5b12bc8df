//! From (stream, name) to the rows of that package, and back from an advisory to all of its rows.

use super::bytes::{Cursor, partition, record_at, u32_at};
use super::layout::Section;
use super::payload::{Payload, RangeIds, decode_versions, kind_of, severity_of, state_of};
use super::{AdvisoryIndex, AffectedRow, Database, RangeRow, StoreError};

/// Size of a record of the streams section: string id, first package, number of packages.
pub(crate) const STREAM: usize = 12;
/// Size of a record of the packages section: string id, offset of the row list.
pub(crate) const PACKAGE: usize = 8;
/// Size of a record of the advisories section: offset of the payloads, packed facts.
pub(crate) const ADVISORY: usize = 8;

/// The rows of one package; made by [`Database::affected`].
#[derive(Debug)]
pub struct Rows<'db> {
    database: &'db Database,
    list: Option<RowList<'db>>,
    /// The lookup itself met damage: said once, as the first item.
    error: Option<StoreError>,
}

/// One row of an advisory, and where it stands; made by [`Database::advisory_affected`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Affecting<'db> {
    /// The stream.
    pub stream: &'db str,
    /// The package's name in it.
    pub name: &'db str,
    /// What the advisory says of it.
    pub row: AffectedRow<'db>,
}

/// A row list, read row by row: (advisory, offset of the payload after the advisory's first).
#[derive(Debug, Clone)]
struct RowList<'db> {
    cursor: Cursor<'db>,
    left: usize,
    advisory: u32,
}

impl<'db> RowList<'db> {
    fn new(mut cursor: Cursor<'db>) -> Option<Self> {
        let left = cursor.count()?;
        Some(Self { cursor, left, advisory: 0 })
    }

    fn next(&mut self) -> Option<(u32, u32)> {
        self.left = self.left.checked_sub(1)?;
        let step = self.cursor.varint()?;
        self.advisory = self.advisory.checked_add(u32::try_from(step >> 1).ok()?)?;
        let offset = if step & 1 == 0 { 0 } else { self.cursor.varint32()? };
        Some((self.advisory, offset))
    }
}

impl Database {
    /// What the advisories say of one package in one stream, in the order of advisory indexes. Names are compared byte
    /// for byte; the streams and the writing of names are those of docs/concepts/streams.md.
    ///
    /// Each row is decoded when it is asked for. A damaged row is an error and ends the iteration.
    pub fn affected<'db>(&'db self, stream: &str, name: &str) -> Rows<'db> {
        match self.find_list(stream, name) {
            Some(list) => Rows { database: self, list, error: None },
            None => Rows { database: self, list: None, error: Some(self.corrupt(Section::Packages)) },
        }
    }

    /// Every stream of which the database knows a package, sorted.
    ///
    /// # Errors
    /// When the stream table is damaged.
    pub fn streams(&self) -> Result<Vec<&str>, StoreError> {
        let count = self.section(Section::Streams).len() / STREAM;
        (0..count)
            .map(|index| self.stream(index).map(|(name, _, _)| name))
            .collect::<Option<_>>()
            .ok_or_else(|| self.corrupt(Section::Streams))
    }

    /// Everything that one advisory affects, by stream and name. Looks through all row lists (a few tens of
    /// milliseconds): for explaining one advisory, not for matching.
    ///
    /// # Errors
    /// When the database is damaged.
    pub fn advisory_affected(&self, advisory: AdvisoryIndex) -> Result<Vec<Affecting<'_>>, StoreError> {
        let holding = self.lists_with(advisory.0).ok_or_else(|| self.corrupt(Section::RowLists))?;
        let streams = self.section(Section::Streams).len() / STREAM;
        let mut out = Vec::new();
        for index in 0..streams {
            let (stream, first, count) = self.stream(index).ok_or_else(|| self.corrupt(Section::Streams))?;
            for package in first..first.saturating_add(count) {
                let (name, list) = self.package(package).ok_or_else(|| self.corrupt(Section::Packages))?;
                let at = holding.partition_point(|(offset, _)| *offset < list);
                for (_, payload) in holding.iter().skip(at).take_while(|(offset, _)| *offset == list) {
                    let name = self.string(name).ok_or_else(|| self.corrupt(Section::StringBytes))?;
                    let row = self.row(advisory.0, *payload).ok_or_else(|| self.corrupt(Section::Payloads))?;
                    out.push(Affecting { stream, name, row });
                }
            }
        }
        Ok(out)
    }

    /// The row lists in which an advisory stands: (offset of the list, offset of the payload), by offset.
    fn lists_with(&self, advisory: u32) -> Option<Vec<(u32, u32)>> {
        let section = self.section(Section::RowLists);
        let mut cursor = Cursor::new(section);
        let mut found = Vec::new();
        while !cursor.is_empty() {
            let offset = u32::try_from(section.len().checked_sub(cursor.left())?).ok()?;
            let mut list = RowList::new(cursor)?;
            while list.left > 0 {
                let (index, payload) = list.next()?;
                if index == advisory {
                    found.push((offset, payload));
                }
            }
            cursor = list.cursor;
        }
        Some(found)
    }

    /// (name, first package, number of packages) of a stream.
    fn stream(&self, index: usize) -> Option<(&str, usize, usize)> {
        let record = record_at(self.section(Section::Streams), index, STREAM)?;
        let name = self.string(u32_at(record, 0)?)?;
        Some((name, usize::try_from(u32_at(record, 4)?).ok()?, usize::try_from(u32_at(record, 8)?).ok()?))
    }

    /// (string id of the name, offset of the row list) of a package.
    fn package(&self, index: usize) -> Option<(u32, u32)> {
        let record = record_at(self.section(Section::Packages), index, PACKAGE)?;
        Some((u32_at(record, 0)?, u32_at(record, 4)?))
    }

    /// `Some(None)` where the package is not known, `None` where the tables are damaged.
    fn find_list(&self, stream: &str, name: &str) -> Option<Option<RowList<'_>>> {
        let streams = self.section(Section::Streams).len() / STREAM;
        let at = partition(streams, |index| Some(self.stream(index)?.0 < stream))?;
        if at == streams {
            return Some(None);
        }
        let (found, first, count) = self.stream(at)?;
        if found != stream {
            return Some(None);
        }
        let name_of = |index: usize| self.string(self.package(first.checked_add(index)?)?.0);
        let at = partition(count, |index| Some(name_of(index)? < name))?;
        if at == count || name_of(at)? != name {
            return Some(None);
        }
        let (_, list) = self.package(first.checked_add(at)?)?;
        RowList::new(Cursor::at(self.section(Section::RowLists), list)?).map(Some)
    }

    /// The facts of the advisory table: offset of the payloads and the packed word.
    pub(super) fn advisory_facts(&self, advisory: u32) -> Option<(u32, Facts)> {
        let record = record_at(self.section(Section::Advisories), usize::try_from(advisory).ok()?, ADVISORY)?;
        Some((u32_at(record, 0)?, Facts(u32_at(record, 4)?)))
    }

    fn row(&self, advisory: u32, offset: u32) -> Option<AffectedRow<'_>> {
        let (base, facts) = self.advisory_facts(advisory)?;
        let mut cursor = Cursor::at(self.section(Section::Payloads), base.checked_add(offset)?)?;
        let payload = Payload::decode(&mut cursor)?;
        let versions = match payload.versions {
            None => Vec::new(),
            Some(list) => decode_versions(&mut Cursor::at(self.section(Section::VersionLists), list)?)?,
        };
        let optional = |id: Option<u32>| match id {
            None => Some(None),
            Some(id) => self.string(id).map(Some),
        };
        let range = |range: &RangeIds| match *range {
            RangeIds::Constraint(text) => self.string(text).map(RangeRow::Constraint),
            RangeIds::Versions { introduced, fixed, last_affected } => Some(RangeRow::Versions {
                introduced: optional(introduced)?,
                fixed: optional(fixed)?,
                last_affected: optional(last_affected)?,
            }),
        };
        Some(AffectedRow {
            advisory: AdvisoryIndex(advisory),
            source: self.string(facts.source())?,
            kind: kind_of(facts.kind())?,
            withdrawn: facts.withdrawn(),
            advisory_severity: severity_of(facts.severity())?,
            state: state_of(payload.state)?,
            severity: severity_of(payload.severity)?,
            ranges: payload.ranges.iter().map(range).collect::<Option<_>>()?,
            versions: versions.into_iter().map(|id| self.string(id)).collect::<Option<_>>()?,
            architectures: payload.architectures.iter().map(|id| self.string(*id)).collect::<Option<_>>()?,
            module: optional(payload.module)?,
            fixed_by: optional(payload.fixed_by)?,
        })
    }
}

impl<'db> Iterator for Rows<'db> {
    type Item = Result<AffectedRow<'db>, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(error) = self.error.take() {
            return Some(Err(error));
        }
        let list = self.list.as_mut()?;
        if list.left == 0 {
            return None;
        }
        let row = list.next().and_then(|(advisory, offset)| self.database.row(advisory, offset));
        if row.is_none() {
            self.list = None;
        }
        Some(row.ok_or_else(|| self.database.corrupt(Section::RowLists)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        // The count comes from the file: an upper bound, nothing to reserve memory by.
        (0, Some(self.list.as_ref().map_or(1, |list| list.left)))
    }
}

/// Kind (2 bits), withdrawn (1), severity (3), source (string id, 26) of an advisory in one word.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts(pub(crate) u32);

/// The highest string id that fits the source's bits.
pub(crate) const MAX_SOURCE: u32 = (1 << 26) - 1;

impl Facts {
    pub(crate) fn new(kind: u8, withdrawn: bool, severity: u8, source: u32) -> Self {
        Self(u32::from(kind & 3) | (u32::from(withdrawn) << 2) | (u32::from(severity & 7) << 3) | (source << 6))
    }

    pub(crate) fn kind(self) -> u8 {
        u8::try_from(self.0 & 3).unwrap_or_default()
    }

    pub(crate) fn withdrawn(self) -> bool {
        self.0 & 4 != 0
    }

    pub(crate) fn severity(self) -> u8 {
        u8::try_from((self.0 >> 3) & 7).unwrap_or_default()
    }

    pub(crate) fn source(self) -> u32 {
        self.0 >> 6
    }
}
