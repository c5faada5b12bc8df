use std::io::Read;
use std::path::{Path, PathBuf};

use super::{VexFormat, read_vex};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[expect(clippy::disallowed_methods, reason = "a test reads a file of this repository")]
fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// testdata/vex/<case>/: `input.json`, and `expected.json` with what is read from it, or with the error.
/// `UPDATE_CASES=1 cargo test -p seawall-advisory vex` writes the expected ones anew.
#[test]
fn cases_read_as_expected() {
    let mut cases: Vec<PathBuf> = std::fs::read_dir(repository().join("testdata/vex"))
        .expect("testdata/vex")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    cases.sort();
    assert!(cases.len() >= 8, "{cases:?}");
    for case in cases {
        let name = case.file_name().and_then(|n| n.to_str()).expect("a name").to_owned();
        let found = match read_vex(&name, &read(&case.join("input.json"))) {
            Ok(document) => serde_json::json!({
                "format": document.format.name(), "statements": document.statements, "skipped": document.skipped
            }),
            Err(error) => serde_json::json!({ "error": error.to_string() }),
        };
        let found = format!("{found:#}\n");
        let path = case.join("expected.json");
        if std::env::var_os("UPDATE_CASES").is_some() {
            std::fs::write(&path, &found).expect("writable");
        }
        assert_eq!(String::from_utf8_lossy(&read(&path)), found, "{name}");
    }
}

fn shared() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let stated = std::env::var_os("SEAWALL_SHARED").map(PathBuf::from);
    let beside = here.ancestors().map(|folder| folder.join("shared"));
    let found = stated.into_iter().chain(beside).map(|s| s.join("data/advisories")).find(|s| s.is_dir());
    if found.is_none() {
        eprintln!("SKIPPED: shared data absent");
    }
    found
}

/// The files of a tar archive: name and content.
fn untar(bytes: &[u8]) -> Vec<(String, &[u8])> {
    let mut files = Vec::new();
    let mut at = 0;
    // A name of more than 100 bytes is in an entry of its own before the file's, in GNU's or pax's way.
    let mut long = None;
    while let Some(header) = bytes.get(at..at + 512).filter(|h| h[0] != 0) {
        let text =
            |from: usize, to: usize| String::from_utf8_lossy(&header[from..to]).trim_matches(['\0', ' ']).to_owned();
        let size = usize::from_str_radix(&text(124, 136), 8).expect("a size");
        let content = bytes.get(at + 512..at + 512 + size).expect("the content");
        match header[156] {
            b'L' => long = Some(String::from_utf8_lossy(content).trim_end_matches('\0').to_owned()),
            b'x' => {
                let records = String::from_utf8_lossy(content).into_owned();
                long = records.lines().find_map(|r| r.split_once(" path=")).map(|(_, path)| path.to_owned());
            }
            b'0' | 0 => files.push((long.take().unwrap_or_else(|| text(0, 100)), content)),
            _ => long = None,
        }
        at += 512 + size.div_ceil(512) * 512;
    }
    files
}

/// Every document that publishers really publish reads; what is left out is counted and bounded.
#[test]
fn real_documents_read() {
    let Some(folder) = shared() else { return };
    for (archive, format, documents, least) in [
        ("openvex-rancher-vexhub.tar.zst", VexFormat::OpenVex, 437, 12_000),
        ("openvex-aquasecurity-vexhub.tar.zst", VexFormat::OpenVex, 50, 1_000),
        ("ubuntu-openvex-samples.tar.zst", VexFormat::OpenVex, 1, 2),
        ("redhat-csaf-vex-samples.tar.zst", VexFormat::Csaf, 47, 1_000),
    ] {
        let packed = read(&folder.join(archive));
        let mut decoder = ruzstd::decoding::StreamingDecoder::new(packed.as_slice()).expect("zstd");
        let mut tar = Vec::new();
        decoder.read_to_end(&mut tar).expect("whole");
        let (mut seen, mut statements, mut skipped) = (0, 0, Vec::new());
        for (name, content) in untar(&tar) {
            // The hubs' own indexes lie beside the documents.
            let is_index = ["index.json", "manifest.json", "vex-repository.json"].iter().any(|i| name.ends_with(i));
            if !name.ends_with(".json") || is_index {
                continue;
            }
            let document = read_vex(&name, content).unwrap_or_else(|e| panic!("{archive}: {e}"));
            assert_eq!(document.format, format, "{name}");
            seen += 1;
            statements += document.statements.len();
            skipped.extend(document.skipped.into_iter().map(|reason| format!("{name}: {reason}")));
        }
        eprintln!("{archive}: {seen} documents, {statements} statements, {} reasons to leave out", skipped.len());
        for reason in skipped.iter().take(5) {
            eprintln!("    {reason}");
        }
        assert!(seen >= documents, "{archive}: {seen} documents");
        assert!(statements >= least, "{archive}: {statements} statements");
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(0_u8.., 0..200)) {
        let _ = read_vex("bytes", &bytes);
    }

    /// Documents of the right outer shape with anything inside.
    #[test]
    fn no_document_panics(inner in "[\\[\\]{}\":,a-z_0-9]{0,120}", kind in 0_usize..3) {
        let text = match kind {
            0 => format!(r#"{{"@context":"https://openvex.dev/ns","statements":[{inner}]}}"#),
            1 => format!(r#"{{"document":{{"csaf_version":"2.0"}},"vulnerabilities":[{inner}]}}"#),
            _ => format!(r#"{{"bomFormat":"CycloneDX","vulnerabilities":[{inner}]}}"#),
        };
        let _ = read_vex("text", text.as_bytes());
    }
}

#[test]
fn deep_json_is_an_error() {
    let text = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(read_vex("deep", text.as_bytes()).is_err());
}
