//! What conditions can name: the declared variables, their fields and types, over the nouns of the model.

mod objects;
mod roots;

use std::collections::HashMap;
use std::sync::OnceLock;

use jiff::Timestamp;
use seawall_model::{Finding, Fix, Package, PackageRef, Report, Severity, Unknown};

use crate::Facts;
use crate::cel::types::ObjectType;
use crate::cel::value::Value;

pub(crate) use objects::OBJECTS;
#[cfg(test)]
pub(crate) use roots::NOTHING;
pub(crate) use roots::{FINDING_SCOPE, IMAGE_SCOPE, PACKAGE_SCOPE, REPORT_SCOPE};

/// An object that an expression can hold: a view on the report, copied freely.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Object<'a> {
    /// The variables of a rule.
    Root(&'a Root<'a>),
    Finding(&'a World<'a>, &'a Finding),
    /// The package of a finding, or one of the inventory; what only the inventory knows is not set where it is not there.
    Package(&'a World<'a>, Option<&'a PackageRef>, Option<&'a Package>),
    Location(&'a Finding),
    Fix(&'a Fix),
    Kev(&'a Finding),
    Image(&'a World<'a>),
    Os(&'a World<'a>),
    Target(&'a World<'a>),
    Database(&'a World<'a>),
    Counts(&'a World<'a>),
    Unknown(&'a Unknown),
    /// For expressions that name no variable.
    #[cfg(test)]
    Nothing,
}

/// What the variables of one rule stand for.
#[derive(Debug)]
pub(crate) struct Root<'a> {
    pub(crate) world: &'a World<'a>,
    pub(crate) finding: Option<&'a Finding>,
    pub(crate) package: Option<&'a Package>,
}

/// Everything that one decision is about.
#[derive(Debug)]
pub(crate) struct World<'a> {
    pub(crate) report: &'a Report,
    pub(crate) now: Timestamp,
    pub(crate) facts: Value<'a>,
    /// Whether a finding is out of sight, by its index: suppressed, or unimportant.
    hidden: Vec<bool>,
    pub(crate) counts: Counts,
    by_purl: OnceLock<HashMap<String, usize>>,
}

/// Numbers of the findings that count.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) severities: [i64; 6],
    pub(crate) total: i64,
    pub(crate) fixable: i64,
    pub(crate) kev: i64,
    pub(crate) suppressed: i64,
    pub(crate) unimportant: i64,
}

impl<'a> World<'a> {
    /// `suppressed` says by index which findings do not count.
    pub(crate) fn new(report: &'a Report, facts: &'a Facts, suppressed: &[bool]) -> Self {
        let mut counts = Counts::default();
        let mut hidden = Vec::with_capacity(report.findings.len());
        for (index, finding) in report.findings.iter().enumerate() {
            let is_suppressed = finding.suppressed.is_some() || suppressed.get(index).copied().unwrap_or(false);
            hidden.push(is_suppressed || finding.unimportant);
            if is_suppressed {
                counts.suppressed += 1;
            } else if finding.unimportant {
                counts.unimportant += 1;
            } else {
                counts.total += 1;
                counts.fixable += i64::from(!finding.fix.versions.is_empty());
                counts.kev += i64::from(finding.enrichment.kev.is_some());
                for (slot, severity) in counts.severities.iter_mut().zip(Severity::ALL) {
                    *slot += i64::from(severity == finding.severity);
                }
            }
        }
        Self { report, now: facts.now(), facts: facts.value(), hidden, counts, by_purl: OnceLock::new() }
    }

    /// The findings that count: neither suppressed nor unimportant.
    pub(crate) fn visible(&self) -> impl Iterator<Item = &'a Finding> + use<'a, '_> {
        let report: &'a Report = self.report;
        report.findings.iter().zip(&self.hidden).filter(|(_, hidden)| !**hidden).map(|(finding, _)| finding)
    }

    fn package(&self, purl: &str) -> Option<&'a Package> {
        let report: &'a Report = self.report;
        let packages = &report.inventory.packages;
        let index = self.by_purl.get_or_init(|| packages.iter().enumerate().map(|(i, p)| (p.purl(), i)).collect());
        index.get(purl).and_then(|i| packages.get(*i))
    }
}

impl<'a> Object<'a> {
    /// The package of a finding, with what the inventory knows of it; its fields are empty where there is none.
    fn package_of(world: &'a World<'a>, finding: &'a Finding) -> Self {
        Self::Package(world, finding.package.as_ref(), None)
    }

    /// The package as the inventory has it.
    fn inventoried(self) -> Option<&'a Package> {
        match self {
            Self::Package(_, _, Some(package)) => Some(package),
            Self::Package(world, Some(reference), None) => world.package(&reference.purl),
            _ => None,
        }
    }

    /// Whether it stands for something that is not there.
    pub(crate) fn is_absent(self) -> bool {
        match self {
            Self::Package(_, None, None) => true,
            Self::Kev(finding) => finding.enrichment.kev.is_none(),
            Self::Image(world) => world.report.inventory.config.is_none(),
            Self::Os(world) => world.report.inventory.os.is_none(),
            Self::Database(world) => world.report.database.is_none(),
            _ => false,
        }
    }

    pub(crate) fn now(self) -> Timestamp {
        match self {
            Self::Root(root) => root.world.now,
            _ => Timestamp::UNIX_EPOCH,
        }
    }

    /// Whether both are views on the same thing.
    pub(crate) fn same(self, other: Self) -> bool {
        match (self, other) {
            (Self::Finding(_, a), Self::Finding(_, b))
            | (Self::Location(a), Self::Location(b))
            | (Self::Kev(a), Self::Kev(b)) => std::ptr::eq(a, b),
            (Self::Package(_, a, b), Self::Package(_, c, d)) => {
                let purl = |r: Option<&PackageRef>, p: Option<&Package>| {
                    r.map(|r| r.purl.clone()).or_else(|| p.map(Package::purl))
                };
                purl(a, b) == purl(c, d)
            }
            (Self::Fix(a), Self::Fix(b)) => a == b,
            (Self::Unknown(a), Self::Unknown(b)) => a == b,
            // There is only one of each of the others.
            (a, b) => std::ptr::eq(a.object_type(), b.object_type()),
        }
    }

    pub(crate) fn object_type(self) -> &'static ObjectType {
        match self {
            Self::Root(root) => match (root.finding, root.package) {
                (Some(_), _) => &FINDING_SCOPE,
                (_, Some(_)) => &PACKAGE_SCOPE,
                _ => &REPORT_SCOPE,
            },
            Self::Finding(..) => &objects::FINDING,
            Self::Package(..) => &objects::PACKAGE,
            Self::Location(_) => &objects::LOCATION,
            Self::Fix(_) => &objects::FIX,
            Self::Kev(_) => &objects::KEV,
            Self::Image(_) => &objects::IMAGE,
            Self::Os(_) => &objects::OS,
            Self::Target(_) => &objects::TARGET,
            Self::Database(_) => &objects::DATABASE,
            Self::Counts(_) => &objects::COUNTS,
            Self::Unknown(_) => &objects::UNKNOWN,
            #[cfg(test)]
            Self::Nothing => &roots::NOTHING,
        }
    }
}

/// Declares an object type: its fields read from the variant that `$pattern` names.
macro_rules! object {
    ($name:ident, $title:literal, $pattern:pat, { $($field:literal : $ty:expr, $doc:literal => $value:expr;)* }) => {
        pub(crate) static $name: ObjectType = ObjectType {
            name: $title,
            fields: &[$(Field {
                name: $field,
                ty: || $ty,
                doc: $doc,
                get: |object| {
                    #[allow(unused_variables)]
                    let $pattern = object else { return None };
                    $value
                },
            }),*],
        };
    };
}
use object;
