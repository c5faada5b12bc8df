//! The SQLite back end (`rpmdb.sqlite`) of Fedora, RHEL from 9, Amazon Linux 2023, Azure Linux and Photon.
//!
//! Specification: <https://github.com/rpm-software-management/rpm/blob/master/lib/backend/sqlite.c> for the table, and
//! <https://www.sqlite.org/fileformat2.html> for the file, of which [`btree`] reads what one table needs.

mod btree;

use std::borrow::Cow;

use seawall_model::UnknownKind;

use self::btree::{Database, column};
use super::{Fault, Reading, places};
use crate::unit::{Cataloger, File, Files, Need, Observer, Want};

/// Reads rpm databases in SQLite.
pub(in super::super) struct RpmSqlite;

/// A write-ahead log with nothing but its header, or without one, holds no changes.
const EMPTY_LOG: u64 = 32;

impl Cataloger for RpmSqlite {
    fn id(&self) -> &'static str {
        "rpm-sqlite"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> &'static str {
        "Reads installed RPM packages and their files from an SQLite database."
    }

    fn specification(&self) -> &'static str {
        "https://github.com/rpm-software-management/rpm/blob/master/lib/backend/sqlite.c"
    }

    fn wants(&self) -> &'static [Want] {
        const LOG: Need = Need::Name;
        const DATABASES: &[Want] = places!("rpmdb.sqlite");
        const WANTS: [Want; 6] = [
            DATABASES[0],
            DATABASES[1],
            DATABASES[2],
            Want { files: Files::Path("var/lib/rpm/rpmdb.sqlite-wal"), need: LOG },
            Want { files: Files::Path("usr/lib/sysimage/rpm/rpmdb.sqlite-wal"), need: LOG },
            Want { files: Files::Path("usr/share/rpm/rpmdb.sqlite-wal"), need: LOG },
        ];
        &WANTS
    }

    fn catalog(&self, file: &File<'_>, seen: &mut Observer<'_>) {
        if file.name().ends_with("-wal") {
            if file.size > EMPTY_LOG {
                seen.unknown(UnknownKind::Unsupported, "changes in a write-ahead log that are not in its database");
            }
            return;
        }
        let mut reading = Reading::new(seen, file.content);
        let end = walk(file.content, &mut reading);
        reading.finish(end);
    }
}

fn walk(db: &[u8], reading: &mut Reading<'_, '_>) -> Result<(), Fault> {
    let mut database = Database::open(db)?;
    let mut root = None;
    let mut faults = Vec::new();
    // The schema is a table in page 1: type, name, table name, root page, SQL.
    database.rows(1, &mut |record| {
        match record {
            Ok(record) => {
                let text = |at| column(&record, at).map(|value| value.1);
                if text(0) == Some(b"table") && text(1).is_some_and(|name| name.eq_ignore_ascii_case(b"Packages")) {
                    root = column(&record, 3).and_then(btree::integer).and_then(|n| usize::try_from(n).ok());
                }
            }
            Err(fault) => faults.push(fault),
        }
        Ok(())
    })?;
    faults.truncate(super::MAX_FAULTS);
    for fault in &faults {
        reading.fault(fault);
    }
    let root = root.ok_or_else(|| Fault::malformed("there is no table of packages"))?;
    // Two columns: the package's number, which is the row's, and its header.
    database.rows(root, &mut |record: Result<Cow<'_, [u8]>, Fault>| {
        match record {
            Ok(record) => match column(&record, 1) {
                Some((kind, header)) if btree::is_blob(kind) => reading.header(header)?,
                _ => reading.fault(&Fault::malformed("a row of the table of packages has no header")),
            },
            Err(fault) => reading.fault(&fault),
        }
        Ok(())
    })?;
    database.is_whole()
}
