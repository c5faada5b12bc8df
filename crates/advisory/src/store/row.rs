//! What one advisory says of one package in one stream, borrowed from the database.

use seawall_model::{AdvisoryKind, Affected, FixState, Range, Severity, VersionRange};

/// Position of an advisory in one database. Means nothing in another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AdvisoryIndex(pub(crate) u32);

impl AdvisoryIndex {
    /// The position as a number, for keys and order.
    pub fn get(self) -> u32 {
        self.0
    }
}

/// How an advisory comes to carry an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// It is the advisory's own id.
    Id,
    /// It is another id of the same vulnerability.
    Alias,
    /// The advisory covers it or comes from it (a CVE of an erratum).
    Related,
}

/// Some versions, borrowed from the database: see [`Range`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeRow<'db> {
    /// An interval in the stream's version order.
    Versions {
        /// First affected version; `None` means from the beginning.
        introduced: Option<&'db str>,
        /// First version that is not affected any more.
        fixed: Option<&'db str>,
        /// Last affected version.
        last_affected: Option<&'db str>,
    },
    /// A native constraint as the publisher wrote it.
    Constraint(&'db str),
}

/// What one advisory says of one package in one stream, borrowed from the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AffectedRow<'db> {
    /// The advisory; [`Database::advisory`](crate::Database::advisory) reads its text.
    pub advisory: AdvisoryIndex,
    /// The feed that the advisory was read from.
    pub source: &'db str,
    /// Vulnerability, malicious package, …
    pub kind: AdvisoryKind,
    /// The publisher took the advisory back: it never makes a finding.
    pub withdrawn: bool,
    /// The advisory's own severity, for rows that state none.
    pub advisory_severity: Severity,
    /// Where the vulnerability stands for this package.
    pub state: FixState,
    /// The publisher's severity for just this package.
    pub severity: Severity,
    /// Ranges of affected versions; any match is enough.
    pub ranges: Vec<RangeRow<'db>>,
    /// Versions affected one by one.
    pub versions: Vec<&'db str>,
    /// Architectures that it is limited to; empty means all.
    pub architectures: Vec<&'db str>,
    /// The RHEL module and stream that it is limited to.
    pub module: Option<&'db str>,
    /// The erratum that ships the fix, where it is not the advisory's own id.
    pub fixed_by: Option<&'db str>,
}

impl AffectedRow<'_> {
    /// The same as an owned value of the vocabulary.
    pub fn to_affected(&self, stream: &str, name: &str) -> Affected {
        let own = |text: &&str| (*text).to_owned();
        Affected {
            stream: stream.to_owned(),
            name: name.to_owned(),
            state: self.state,
            ranges: self.ranges.iter().map(RangeRow::to_range).collect(),
            versions: self.versions.iter().map(own).collect(),
            severity: self.severity,
            architectures: self.architectures.iter().map(own).collect(),
            module: self.module.as_ref().map(own),
            fixed_by: self.fixed_by.as_ref().map(own),
        }
    }
}

impl RangeRow<'_> {
    /// The same as an owned value of the vocabulary.
    pub fn to_range(&self) -> Range {
        let own = |text: Option<&str>| text.map(str::to_owned);
        match *self {
            Self::Versions { introduced, fixed, last_affected } => Range::Versions(VersionRange {
                introduced: own(introduced),
                fixed: own(fixed),
                last_affected: own(last_affected),
            }),
            Self::Constraint(text) => Range::Constraint(text.to_owned()),
        }
    }
}
