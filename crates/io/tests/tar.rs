//! The tar reader against archives that GNU tar and Python made, and against damage.

use std::path::Path;
use std::process::Command;

use seawall_io::tar::{EntryKind, Reader, TarError};

type Read = Vec<(String, EntryKind, String, Vec<u8>)>;

fn read(bytes: &[u8]) -> Result<Read, TarError> {
    let mut reader = Reader::new(bytes);
    let mut out = Vec::new();
    while let Some(entry) = reader.next_entry()? {
        let mut content = Vec::new();
        while let Some(chunk) = reader.data()? {
            content.extend_from_slice(chunk);
            assert!(content.len() < 64 << 20, "the sample is small");
        }
        assert_eq!(content.len() as u64, entry.size);
        let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        out.push((text(&entry.path), entry.kind, text(&entry.link), content));
    }
    Ok(out)
}

/// A folder with everything that a layer may hold.
fn sample(root: &Path) {
    use std::os::unix::fs::FileExt;
    let long = "n".repeat(120);
    let deep = root.join("d".repeat(100)).join("e".repeat(100));
    std::fs::create_dir_all(&deep).expect("folder");
    std::fs::write(deep.join(&long), b"long name").expect("file");
    std::fs::write(root.join("empty"), b"").expect("file");
    std::fs::write(root.join("blocks"), vec![7; 1024]).expect("file");
    std::fs::hard_link(root.join("blocks"), root.join("link-hard")).expect("link");
    std::os::unix::fs::symlink("/absolute/target", root.join("link-soft")).expect("link");
    let sparse = std::fs::File::create(root.join("sparse")).expect("file");
    for i in 0..40u64 {
        sparse.write_at(b"data", i * 100_000).expect("write");
    }
    sparse.set_len(5_000_000).expect("length");
}

fn tar(root: &Path, options: &[&str]) -> Vec<u8> {
    let output = Command::new("tar").args(options).args(["--sort=name", "-cf", "-", "-C"]).arg(root).arg(".").output();
    let output = output.expect("tar runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[test]
fn every_dialect_of_gnu_tar_gives_the_same_files() {
    let root = tempfile::tempdir().expect("folder");
    sample(root.path());
    let plain = read(&tar(root.path(), &["--format=gnu"])).expect("reads");
    let names: Vec<_> = plain.iter().map(|e| e.0.as_str()).collect();
    assert!(names.iter().any(|n| n.len() > 320), "{names:?}");
    let get = |name: &str| plain.iter().find(|e| e.0 == format!("./{name}")).expect("an entry");
    assert_eq!(get("link-hard").1, EntryKind::HardLink);
    assert_eq!(get("link-hard").2, "./blocks");
    assert_eq!(get("link-soft").2, "/absolute/target");
    assert_eq!(get("sparse").3.len(), 5_000_000);
    assert_eq!(get("sparse").3.get(3_900_000..3_900_004), Some(&b"data"[..]));
    for options in [
        &["--format=pax"][..],
        &["--format=gnu", "--sparse"],
        &["--format=pax", "--sparse", "--sparse-version=0.0"],
        &["--format=pax", "--sparse", "--sparse-version=0.1"],
        &["--format=pax", "--sparse", "--sparse-version=1.0"],
    ] {
        assert!(read(&tar(root.path(), options)).expect("reads") == plain, "{options:?} differs");
    }
}

#[test]
fn a_damaged_archive_is_an_error_or_smaller_but_never_a_panic() {
    let root = tempfile::tempdir().expect("folder");
    sample(root.path());
    for options in [&["--format=gnu", "--sparse"][..], &["--format=pax", "--sparse", "--sparse-version=1.0"]] {
        let whole = tar(root.path(), options);
        for cut in (0..whole.len()).step_by(97) {
            let _ = read(&whole[..cut]);
        }
        for at in (0..whole.len()).step_by(131) {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << (at % 8);
            let mut reader = Reader::new(&flipped[..]);
            let mut chunks = 0;
            while let Ok(Some(_)) = reader.next_entry() {
                while let Ok(Some(_)) = reader.data() {
                    chunks += 1;
                    if chunks > 10_000 {
                        break;
                    }
                }
            }
        }
    }
}

#[test]
fn a_header_that_claims_gigabytes_is_refused_before_memory_is_taken() {
    let root = tempfile::tempdir().expect("folder");
    sample(root.path());
    let mut bytes = tar(root.path(), &["--format=gnu"]);
    // The first long-name header claims 8 GB.
    let at = bytes.chunks(512).position(|b| b.get(156) == Some(&b'L')).expect("a long name") * 512;
    bytes[at + 124..at + 136].copy_from_slice(b"77777777777\0");
    let block = &mut bytes[at..at + 512];
    block[148..156].copy_from_slice(b"        ");
    let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    assert!(matches!(read(&bytes), Err(TarError::Extended { .. })));
}
