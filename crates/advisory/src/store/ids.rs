//! How ids become keys: CVE ids are packed, every other id is hashed.

use sha2::{Digest as _, Sha256};

/// First year of the CVE programme; the year of a packed id counts from here.
const FIRST_YEAR: u32 = 1999;
/// Bits of the running number in a packed id.
const NUMBER_BITS: u32 = 25;

/// `CVE-2024-0001` as one number: years since 1999 in the upper 7 bits, the running number in the lower 25.
/// `None` for anything that is not exactly of the canonical form.
pub(crate) fn cve_key(id: &str) -> Option<u32> {
    let (year, number) = id.strip_prefix("CVE-")?.split_once('-')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if year.len() != 4 || number.len() < 4 || !digits(year) || !digits(number) {
        return None;
    }
    if number.len() > 4 && number.starts_with('0') {
        return None;
    }
    let year = year.parse::<u32>().ok()?.checked_sub(FIRST_YEAR)?;
    let number = number.parse::<u32>().ok()?;
    (year < 1 << (32 - NUMBER_BITS) && number < 1 << NUMBER_BITS).then_some((year << NUMBER_BITS) | number)
}

/// The first eight bytes of the id's SHA-256, for ids that are no CVE ids.
pub(crate) fn other_key(id: &str) -> u64 {
    let hash: [u8; 32] = Sha256::digest(id.as_bytes()).into();
    let [a, b, c, d, e, f, g, h, ..] = hash;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The id that [`cve_key`] packed.
    fn cve_id(key: u32) -> String {
        let number = key & ((1 << NUMBER_BITS) - 1);
        format!("CVE-{}-{number:04}", (key >> NUMBER_BITS).saturating_add(FIRST_YEAR))
    }

    #[test]
    fn canonical_cve_ids_pack_and_unpack() {
        for id in ["CVE-1999-0001", "CVE-2024-1234", "CVE-2024-12345", "CVE-2024-1000001", "CVE-2126-0000"] {
            assert_eq!(cve_key(id).map(cve_id).as_deref(), Some(id));
        }
    }

    #[test]
    fn anything_else_is_no_cve_id() {
        for id in ["", "CVE-", "CVE-2024-", "CVE-2024-123", "CVE-2024-01234", "cve-2024-1234", "CVE-1998-0001"] {
            assert_eq!(cve_key(id), None, "{id}");
        }
        for id in ["CVE-2127-0001", "CVE-2024-99999999", "CVE-2024-+123", "CVE-2024-1234-5", "GHSA-aaaa-bbbb-cccc"] {
            assert_eq!(cve_key(id), None, "{id}");
        }
    }
}
