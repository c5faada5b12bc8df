//! EPSS, known exploited vulnerabilities and end-of-life dates.

use seawall_model::{EndOfLife, Epss, KnownExploited};

use super::bytes::{partition, record_at, u24_at, u32_at};
use super::ids::cve_key;
use super::layout::Section;
use super::texts::find;
use super::{Database, StoreError};

/// Size of an EPSS record: CVE key, score and percentile in steps of [`EPSS_STEPS`], three bytes each.
pub(crate) const EPSS: usize = 10;
/// EPSS is published with five decimals.
pub(crate) const EPSS_STEPS: f64 = 100_000.0;
/// Size of a record of a known exploited vulnerability: CVE key, two dates (string ids), ransomware.
pub(crate) const KNOWN_EXPLOITED: usize = 16;
/// Size of an end-of-life record: five string ids.
pub(crate) const END_OF_LIFE: usize = 20;
/// The string id that stands for "not stated".
pub(crate) const NONE: u32 = u32::MAX;

impl Database {
    /// The EPSS entry of a CVE, to the five decimals that are published.
    ///
    /// # Errors
    /// When the section is damaged.
    pub fn epss(&self, cve: &str) -> Result<Option<Epss>, StoreError> {
        let Some(key) = cve_key(cve) else { return Ok(None) };
        let read = |record: &[u8]| {
            Some(Epss { score: from_steps(u24_at(record, 4)?), percentile: from_steps(u24_at(record, 7)?) })
        };
        find(self.section(Section::Epss), EPSS, |record| Some(u32_at(record, 0)?.cmp(&key)), read)
            .ok_or_else(|| self.corrupt(Section::Epss))
    }

    /// The known-exploited entry of a CVE.
    ///
    /// # Errors
    /// When the section is damaged.
    pub fn kev(&self, cve: &str) -> Result<Option<KnownExploited>, StoreError> {
        let Some(key) = cve_key(cve) else { return Ok(None) };
        let read = |record: &[u8]| {
            Some(KnownExploited {
                added: self.string(u32_at(record, 4)?)?.to_owned(),
                due: self.string(u32_at(record, 8)?)?.to_owned(),
                ransomware: u32_at(record, 12)? != 0,
            })
        };
        let section = self.section(Section::KnownExploited);
        find(section, KNOWN_EXPLOITED, |record| Some(u32_at(record, 0)?.cmp(&key)), read)
            .ok_or_else(|| self.corrupt(Section::KnownExploited))
    }

    /// When one release cycle of a product ends.
    ///
    /// # Errors
    /// When the section is damaged.
    pub fn end_of_life(&self, product: &str, cycle: &str) -> Result<Option<EndOfLife>, StoreError> {
        Ok(self.end_of_life_cycles(product)?.into_iter().find(|entry| entry.cycle == cycle))
    }

    /// All release cycles of a product, sorted by the bytes of the cycle's name.
    ///
    /// # Errors
    /// When the section is damaged.
    pub fn end_of_life_cycles(&self, product: &str) -> Result<Vec<EndOfLife>, StoreError> {
        self.cycles(product).ok_or_else(|| self.corrupt(Section::EndOfLife))
    }

    fn cycles(&self, product: &str) -> Option<Vec<EndOfLife>> {
        let section = self.section(Section::EndOfLife);
        let count = section.len() / END_OF_LIFE;
        let product_of = |index: usize| self.string(u32_at(record_at(section, index, END_OF_LIFE)?, 0)?);
        let start = partition(count, |index| Some(product_of(index)? < product))?;
        let mut out = Vec::new();
        for index in start..count {
            if product_of(index)? != product {
                break;
            }
            let record = record_at(section, index, END_OF_LIFE)?;
            let optional = |offset: usize| match u32_at(record, offset)? {
                NONE => Some(None),
                id => Some(Some(self.string(id)?.to_owned())),
            };
            out.push(EndOfLife {
                product: product.to_owned(),
                cycle: self.string(u32_at(record, 4)?)?.to_owned(),
                end: optional(8)?,
                extended_end: optional(12)?,
                latest: optional(16)?,
            });
        }
        Some(out)
    }
}

/// A published value as a whole number of steps; `None` outside 0 to 1.
pub(crate) fn to_steps(value: f32) -> Option<u32> {
    if !(0.0..=1.0).contains(&value) {
        return None;
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100 000, checked above")]
    Some((f64::from(value) * EPSS_STEPS).round() as u32)
}

#[allow(clippy::cast_possible_truncation, reason = "five decimals fit a 32-bit float")]
fn from_steps(steps: u32) -> f32 {
    (f64::from(steps) / EPSS_STEPS) as f32
}
