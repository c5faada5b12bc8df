//! The NDB back end (`Packages.db`) of SUSE.
//!
//! Specification: <https://github.com/rpm-software-management/rpm/blob/master/lib/backend/ndb/rpmpkg.c>. A table of
//! slots, then blobs in blocks of 16 bytes; all numbers are little-endian.

use super::bytes::Order;
use super::{Fault, Reading, places};
use crate::unit::{Cataloger, File, Observer, Want};

const PAGE: usize = 4096;
const BLOCK: usize = 16;
const SLOT: usize = 16;
/// The file's own header takes the place of two slots.
const HEADER: usize = 32;
const MAGIC: u32 = u32::from_le_bytes(*b"RpmP");
const SLOT_MAGIC: u32 = u32::from_le_bytes(*b"Slot");
const BLOB_MAGIC: u32 = u32::from_le_bytes(*b"BlbS");

/// Reads rpm databases in NDB.
pub(in super::super) struct RpmNdb;

impl Cataloger for RpmNdb {
    fn id(&self) -> &'static str {
        "rpm-ndb"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> &'static str {
        "Reads installed RPM packages and their files from an NDB database."
    }

    fn specification(&self) -> &'static str {
        "https://github.com/rpm-software-management/rpm/blob/master/lib/backend/ndb/rpmpkg.c"
    }

    fn wants(&self) -> &'static [Want] {
        places!("Packages.db")
    }

    fn catalog(&self, file: &File<'_>, seen: &mut Observer<'_>) {
        let mut reading = Reading::new(seen, file.content);
        let end = walk(file.content, &mut reading);
        reading.finish(end);
    }
}

fn walk(db: &[u8], reading: &mut Reading<'_, '_>) -> Result<(), Fault> {
    let number = |at| Order::Little.u32(db, at);
    if number(0) != Some(MAGIC) {
        return Err(Fault::malformed("not an NDB package database"));
    }
    match number(4) {
        Some(0) => {}
        version => return Err(Fault::Unsupported(format!("NDB version {}", version.unwrap_or_default()))),
    }
    let pages = number(12).and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
    let table = pages.checked_mul(PAGE).and_then(|end| db.get(HEADER..end));
    let table = table.ok_or_else(|| Fault::malformed("the table of packages is longer than the file"))?;
    for slot in table.chunks_exact(SLOT) {
        let field = |at| Order::Little.u32(slot, at).unwrap_or_default();
        if field(0) != SLOT_MAGIC {
            reading.fault(&Fault::malformed("a slot of the table of packages is not one"));
            continue;
        }
        let (index, block) = (field(4), field(8));
        // Free slots.
        if index == 0 || block == 0 {
            continue;
        }
        match blob(db, index, block) {
            Some(header) => reading.header(header)?,
            None => reading.fault(&Fault::malformed(format_args!("package {index} is not where its slot says"))),
        }
    }
    Ok(())
}

/// The header of a package: its blob repeats the package's index and says how long it is.
fn blob(db: &[u8], index: u32, block: u32) -> Option<&[u8]> {
    let start = usize::try_from(block).ok()?.checked_mul(BLOCK)?;
    let number = |at: usize| Order::Little.u32(db, start.checked_add(at)?);
    if number(0)? != BLOB_MAGIC || number(4)? != index {
        return None;
    }
    let content = start.checked_add(BLOCK)?;
    db.get(content..content.checked_add(usize::try_from(number(12)?).ok()?)?)
}
