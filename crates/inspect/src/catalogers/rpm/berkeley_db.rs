//! The Berkeley DB back end (`Packages`, a hash) of RHEL up to 8 and its relatives.
//!
//! Specification: <https://github.com/berkeleydb/libdb/blob/master/src/dbinc/db_page.h>. The numbers are those of the
//! machine that wrote the file, either end first. Every page of the hash is read in the order of the file, so that no
//! chain of buckets is followed; a header that is larger than a page lies in a chain of overflow pages.

use super::bytes::{Order, Pages};
use super::{Fault, Reading, places};
use crate::unit::{Cataloger, File, Observer, Want};

const HASH_MAGIC: u32 = 0x0006_1561;
/// Page types.
const HASH_UNSORTED: u8 = 2;
const OVERFLOW: u8 = 7;
const HASH_META: u8 = 8;
const HASH: u8 = 13;
/// Item types.
const KEY_DATA: u8 = 1;
const OFF_PAGE: u8 = 3;
/// Bytes before the items of a page.
const PAGE_HEADER: usize = 26;

/// Reads rpm databases in Berkeley DB.
pub(in super::super) struct RpmBerkeleyDb;

impl Cataloger for RpmBerkeleyDb {
    fn id(&self) -> &'static str {
        "rpm-berkeley-db"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> &'static str {
        "Reads installed RPM packages and their files from a Berkeley DB database."
    }

    fn specification(&self) -> &'static str {
        "https://github.com/berkeleydb/libdb/blob/master/src/dbinc/db_page.h"
    }

    fn wants(&self) -> &'static [Want] {
        places!("Packages")
    }

    fn catalog(&self, file: &File<'_>, seen: &mut Observer<'_>) {
        let mut reading = Reading::new(seen, file.content);
        let end = walk(file.content, &mut reading);
        reading.finish(end);
    }
}

fn walk(db: &[u8], reading: &mut Reading<'_, '_>) -> Result<(), Fault> {
    let order = [Order::Little, Order::Big]
        .into_iter()
        .find(|order| order.u32(db, 12) == Some(HASH_MAGIC))
        .ok_or_else(|| Fault::malformed("not a Berkeley DB hash"))?;
    if db.get(25) != Some(&HASH_META) {
        return Err(Fault::malformed("the first page is not that of a hash"));
    }
    if db.get(24) != Some(&0) {
        return Err(Fault::Unsupported("an encrypted Berkeley DB".to_owned()));
    }
    let size = order.u32(db, 20).and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
    if !size.is_power_of_two() || !(512..=65536).contains(&size) {
        return Err(Fault::malformed(format_args!("pages of {size} bytes")));
    }
    let mut pages = Pages::new(db, size);
    for number in 1..pages.count() {
        let Some(page) = pages.get(number) else { break };
        if matches!(page.get(25), Some(&(HASH | HASH_UNSORTED))) {
            hash_page(page, order, &mut pages, reading)?;
        }
    }
    let last = order.u32(db, 32).and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
    if last >= pages.count() {
        return Err(Fault::malformed(format_args!("cut off: {} pages of {}", pages.count(), last.saturating_add(1))));
    }
    Ok(())
}

/// Reads the values of a page. Items stand in pairs of a key and a value, and lie from the end of the page downwards.
fn hash_page(page: &[u8], order: Order, pages: &mut Pages<'_>, reading: &mut Reading<'_, '_>) -> Result<(), Fault> {
    let count = usize::from(order.u16(page, 20).unwrap_or_default());
    let table =
        count.checked_mul(2).and_then(|n| PAGE_HEADER.checked_add(n)).and_then(|end| page.get(PAGE_HEADER..end));
    let Some(table) = table else {
        reading.fault(&Fault::malformed("a page has more items than it can hold"));
        return Ok(());
    };
    let mut above = page.len();
    for pair in table.chunks_exact(4) {
        let offset = |at| order.u16(pair, at).map(usize::from).unwrap_or_default();
        let (key, value) = (offset(0), offset(2));
        let is_counter =
            page.get(key..above).and_then(|key| key.strip_prefix(&[KEY_DATA])).is_some_and(|key| key == [0; 4]);
        let item = page.get(value..key).unwrap_or_default();
        above = value;
        // The package number 0 holds the highest number in use.
        if is_counter {
            continue;
        }
        match item.first() {
            Some(&KEY_DATA) => reading.header(item.get(1..).unwrap_or_default())?,
            Some(&OFF_PAGE) => match overflow(item, order, pages) {
                Ok(header) => reading.header(&header)?,
                Err(fault) => reading.fault(&fault),
            },
            _ => reading.fault(&Fault::malformed("a page has an item that is neither a value nor a pointer to one")),
        }
    }
    Ok(())
}

/// Follows a chain of overflow pages. Each page belongs to one chain.
fn overflow(item: &[u8], order: Order, pages: &mut Pages<'_>) -> Result<Vec<u8>, Fault> {
    let number = |at| order.u32(item, at).and_then(|n| usize::try_from(n).ok());
    let (Some(mut next), Some(length)) = (number(4), number(8)) else {
        return Err(Fault::malformed("a pointer to overflow pages is cut off"));
    };
    let mut value = Vec::new();
    while value.len() < length {
        if next == 0 {
            return Err(Fault::malformed("a chain of overflow pages ends early"));
        }
        if !pages.claim(next) {
            return Err(Fault::malformed(format_args!("overflow page {next} is missing or used twice")));
        }
        let page = pages.get(next).filter(|page| page.get(25) == Some(&OVERFLOW));
        let page = page.ok_or_else(|| Fault::malformed(format_args!("page {next} is not an overflow page")))?;
        let used = order.u16(page, 22).map(usize::from).unwrap_or_default();
        let data = PAGE_HEADER.checked_add(used).and_then(|end| page.get(PAGE_HEADER..end));
        let data = data.ok_or_else(|| Fault::malformed(format_args!("overflow page {next} holds more than a page")))?;
        let wanted = length.saturating_sub(value.len());
        value.extend_from_slice(data.get(..wanted).unwrap_or(data));
        next = order.u32(page, 16).and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
    }
    Ok(value)
}
