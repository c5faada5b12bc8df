//! Containers of feeds: what is in them is read, and what is cut, made to burst or asks for too much is an error.
#![allow(clippy::disallowed_methods, reason = "tests read their own files")]

use std::io::Write as _;
use std::path::Path;

use lzma_rust2::{XzOptions, XzWriter};
use seawall_advisory::{FeedError, FeedLimits, documents, source_of};
use seawall_testkit::TarBuilder;

fn xz(bytes: &[u8], preset: u32) -> Vec<u8> {
    let mut writer = XzWriter::new(Vec::new(), XzOptions::with_preset(preset)).unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn read(bytes: &[u8], limits: &FeedLimits) -> (Vec<(String, usize)>, Result<(), FeedError>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ubuntu-osv.tar.xz");
    std::fs::write(&path, bytes).unwrap();
    let mut seen = Vec::new();
    let result = documents(&path, limits, &mut |member, bytes| {
        seen.push((member.to_owned(), bytes.len()));
        Ok(())
    });
    (seen, result)
}

fn two_documents() -> Vec<u8> {
    TarBuilder::new().file("osv/cve/a.json", b"{}").file("osv/usn/b.json", &b"[0]".repeat(9_999)).finish()
}

#[test]
fn an_xz_archive_is_read_document_by_document() {
    let (seen, result) = read(&xz(&two_documents(), 6), &FeedLimits::default());
    result.unwrap();
    assert_eq!(seen, [("osv/cve/a.json".to_owned(), 2), ("osv/usn/b.json".to_owned(), 29_997)]);
    assert_eq!(source_of(&Path::new("feeds").join("ubuntu-osv.tar.xz").to_string_lossy()).unwrap().id(), "ubuntu-osv");
}

#[test]
fn a_damaged_xz_archive_is_an_error_and_what_came_before_counts() {
    let whole = xz(&two_documents(), 6);
    for cut in [0, 5, 20, whole.len() / 2, whole.len() - 1] {
        let (_, result) = read(&whole[..cut], &FeedLimits::default());
        assert!(result.is_err() || cut == 0, "{cut} of {} bytes", whole.len());
    }
    for at in (0..whole.len()).step_by(7) {
        let mut bent = whole.clone();
        bent[at] ^= 0x10;
        let (seen, _) = read(&bent, &FeedLimits::default());
        assert!(seen.len() <= 2, "byte {at}");
    }
}

#[test]
fn an_xz_archive_cannot_burst() {
    let bomb = xz(&TarBuilder::new().file("a.json", &vec![b' '; 64 << 20]).finish(), 6);
    assert!(bomb.len() < 64 << 10, "{} bytes", bomb.len());
    let (seen, result) = read(&bomb, &FeedLimits::default());
    assert!(seen.is_empty());
    assert!(result.unwrap_err().to_string().contains("uncompressed size"));
    let (_, result) = read(&bomb, &FeedLimits { document_bytes: 1 << 20, ..FeedLimits::default() });
    assert!(matches!(result, Err(FeedError::Limit { what: "document size", .. })), "{result:?}");
}

/// The header of the first block, changed to ask for a window of 4 GiB.
fn with_a_huge_window(mut bytes: Vec<u8>) -> Vec<u8> {
    let (start, size) = (12, (usize::from(bytes[12]) + 1) * 4);
    let window = (start..).find(|at| bytes[*at..].starts_with(&[0x21, 0x01])).unwrap() + 2;
    bytes[window] = 40;
    let crc = bytes[start..start + size - 4].iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 })
    });
    bytes[start + size - 4..start + size].copy_from_slice(&(!crc).to_le_bytes());
    bytes
}

#[test]
fn an_xz_archive_that_asks_for_too_much_memory_is_refused() {
    let (seen, result) = read(&with_a_huge_window(xz(&two_documents(), 6)), &FeedLimits::default());
    assert!(seen.is_empty());
    assert!(result.unwrap_err().to_string().contains("mem_limit"));
}
