//! Packages of the RPM distributions, from rpm's database in each of its three back ends, and from the manifest that
//! distroless images keep instead.
//!
//! Every back end is a map from a number to a package header; what a header says is read in one place ([`package`]).
//! rpm is <https://github.com/rpm-software-management/rpm>; each file here links the part that it follows.

mod berkeley_db;
mod bytes;
mod container_manifest;
mod header;
mod ndb;
mod package;
mod sqlite;

use seawall_model::{Ecosystem, Recognition, UnknownKind};

pub(super) use self::berkeley_db::RpmBerkeleyDb;
pub(super) use self::container_manifest::RpmContainerManifest;
pub(super) use self::ndb::RpmNdb;
pub(super) use self::sqlite::RpmSqlite;
use super::os_bounds::{Bounds, owns};
use crate::unit::{Need, Observer};

/// A database; a server with three thousand packages has 200 MB.
const NEED: Need = Need::Content(256 << 20);
/// Faults that are named one by one.
const MAX_FAULTS: usize = 50;

/// Why a database, or a package in it, cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Fault {
    /// It breaks its format.
    #[error("{0}")]
    Malformed(String),
    /// It asks for more than it can hold.
    #[error("{0}")]
    Limit(String),
    /// A form that is not read.
    #[error("{0}")]
    Unsupported(String),
}

impl Fault {
    fn malformed(reason: impl std::fmt::Display) -> Self {
        Self::Malformed(reason.to_string())
    }

    fn limit(reason: impl std::fmt::Display) -> Self {
        Self::Limit(reason.to_string())
    }

    /// The same, of this package.
    fn of(self, package: &str) -> Self {
        match self {
            Self::Malformed(reason) => Self::Malformed(format!("{package}: {reason}")),
            Self::Limit(reason) => Self::Limit(format!("{package}: {reason}")),
            Self::Unsupported(reason) => Self::Unsupported(format!("{package}: {reason}")),
        }
    }

    fn kind(&self) -> UnknownKind {
        match self {
            Self::Malformed(_) => UnknownKind::Malformed,
            Self::Limit(_) => UnknownKind::Limit,
            Self::Unsupported(_) => UnknownKind::Unsupported,
        }
    }
}

/// Takes the headers of one database as its back end finds them, and reports their packages.
struct Reading<'a, 'b> {
    seen: &'a mut Observer<'b>,
    bounds: Bounds,
    /// Bytes of headers that the database can still hold. Two records that share their bytes would be read as often
    /// as they are named; no sound database has more bytes in its headers than in its file.
    room: usize,
    faults: usize,
}

impl<'a, 'b> Reading<'a, 'b> {
    fn new(seen: &'a mut Observer<'b>, database: &[u8]) -> Self {
        Self { seen, bounds: Bounds::new(), room: database.len(), faults: 0 }
    }

    /// Reads one header. An error means that there is no sense in going on.
    fn header(&mut self, header: &[u8]) -> Result<(), Fault> {
        self.room = self
            .room
            .checked_sub(header.len().max(1))
            .ok_or_else(|| Fault::limit("headers take more bytes than the database has: records overlap"))?;
        match package::read(header, &mut self.bounds) {
            Ok(None) => {}
            Ok(Some(read)) => {
                let name = read.package.name.clone();
                self.seen.package(Recognition::PackageDatabase, read.package);
                owns(self.seen, Ecosystem::Rpm, &name, read.files);
                if let Some(fault) = read.fault {
                    self.fault(&fault);
                }
            }
            Err(fault) => self.fault(&fault),
        }
        Ok(())
    }

    /// Reports one fault, as long as there are few.
    fn fault(&mut self, fault: &Fault) {
        self.faults = self.faults.saturating_add(1);
        if self.faults <= MAX_FAULTS {
            self.seen.unknown(fault.kind(), fault);
        }
    }

    /// Reports how it ended.
    fn finish(self, end: Result<(), Fault>) {
        if let Err(fault) = end {
            self.seen.unknown(fault.kind(), &fault);
        }
        if self.faults > MAX_FAULTS {
            let reason = format_args!("{} more packages or pages cannot be read", self.faults - MAX_FAULTS);
            self.seen.unknown(UnknownKind::Malformed, reason);
        }
        self.bounds.report(self.seen);
    }
}

/// Where a database lies: the classic place, that of newer systems, and that of image-based ones, whose `/var` is empty.
macro_rules! places {
    ($($file:literal),*) => {
        &[$(
            crate::unit::Want { files: crate::unit::Files::Path(concat!("var/lib/rpm/", $file)), need: super::NEED },
            crate::unit::Want { files: crate::unit::Files::Path(concat!("usr/lib/sysimage/rpm/", $file)), need: super::NEED },
            crate::unit::Want { files: crate::unit::Files::Path(concat!("usr/share/rpm/", $file)), need: super::NEED },
        )*]
    };
}
use places;
