//! Every local form of an image opens to the same layers; damage is named.
#![allow(clippy::disallowed_methods, reason = "tests read their own files")]

use std::io::{Read, Write};
use std::path::Path;

use seawall_io::{Limits, sha256};
use seawall_model::{Platform, TargetKind};
use seawall_target::{Image, TargetError, detect, open_docker_archive, open_oci_archive, open_oci_layout};
use seawall_testkit::{Compress, ImageBuilder, TarBuilder};

fn sample() -> ImageBuilder {
    ImageBuilder::new("app:1")
        .config(serde_json::json!({"User": "1000", "ExposedPorts": {"80/tcp": {}}, "Env": ["A=b"], "Cmd": ["run"]}))
        .layer(TarBuilder::new().file("etc/os-release", b"ID=x\n"), "FROM base")
        .layer(TarBuilder::new().file("app", b"hello"), "COPY app /")
}

fn platform() -> Platform {
    Platform { os: "linux".into(), architecture: "amd64".into(), variant: None }
}

fn check(image: &Image) {
    assert_eq!(image.layers.len(), 2);
    assert_eq!(image.info.tags, ["app:1"]);
    assert_eq!(image.config.user, "1000");
    assert_eq!(image.config.exposed_ports, ["80/tcp"]);
    assert_eq!(image.layers[1].instruction.as_deref(), Some("COPY app /"));
    let mut bytes = Vec::new();
    let blob = image.blobs.open(1).expect("opens");
    seawall_io::Decoder::new(blob, &Limits::default()).expect("opens").read_to_end(&mut bytes).expect("reads");
    assert_eq!(sha256(&bytes), image.layers[1].diff_id);
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> String {
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("writable");
    path.to_string_lossy().into_owned()
}

#[test]
fn every_local_form_opens_to_the_same_layers() {
    let folder = tempfile::tempdir().expect("a folder");
    let limits = Limits::default();
    for compress in [Compress::None, Compress::Gzip, Compress::Zstd] {
        let image = sample().compress(compress);
        let layout = folder.path().join(format!("{compress:?}"));
        image.write_oci(&layout);
        let layout = layout.to_string_lossy();
        check(&open_oci_layout(&layout, &limits, &platform(), false).expect("opens"));
        check(&open_oci_layout(&format!("{layout}:app:1"), &limits, &platform(), false).expect("opens"));
        assert_eq!(detect(&layout, &limits).expect("told").kind, TargetKind::Oci);
        let archive = write(folder.path(), "oci.tar", &image.oci_archive());
        check(&open_oci_archive(&archive, &limits, &platform(), false).expect("opens"));
        assert_eq!(detect(&archive, &limits).expect("told").kind, TargetKind::OciArchive);
        for bytes in [image.docker_archive(), image.docker_archive_oci()] {
            let archive = write(folder.path(), "docker.tar", &bytes);
            check(&open_docker_archive(&archive, &limits, &platform()).expect("opens"));
            assert_eq!(detect(&archive, &limits).expect("told").kind, TargetKind::DockerArchive);
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gzip.write_all(&bytes).expect("in memory");
            let archive = write(folder.path(), "docker.tar.gz", &gzip.finish().expect("in memory"));
            check(&open_docker_archive(&archive, &limits, &platform()).expect("opens"));
            assert_eq!(detect(&archive, &limits).expect("told").kind, TargetKind::DockerArchive);
        }
    }
}

#[test]
fn a_changed_document_is_named_by_its_digest() {
    let folder = tempfile::tempdir().expect("a folder");
    sample().write_oci(folder.path());
    let blobs = folder.path().join("blobs/sha256");
    for entry in std::fs::read_dir(&blobs).expect("a folder") {
        let path = entry.expect("an entry").path();
        let bytes = std::fs::read(&path).expect("readable");
        if bytes.first() != Some(&b'{') {
            continue;
        }
        let mut changed = bytes.clone();
        changed.push(b' ');
        std::fs::write(&path, &changed).expect("writable");
        let error = open_oci_layout(&folder.path().to_string_lossy(), &Limits::default(), &platform(), false);
        let error = error.expect_err("a mismatch");
        assert!(matches!(error, TargetError::DigestMismatch { .. }), "{error}");
        assert!(error.to_string().contains(&path.file_name().expect("a name").to_string_lossy().into_owned()));
        std::fs::write(&path, &bytes).expect("writable");
    }
}

#[test]
fn what_is_not_there_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let limits = Limits::default();
    sample().write_oci(folder.path());
    let layout = folder.path().to_string_lossy().into_owned();
    let arm = Platform { os: "linux".into(), architecture: "arm64".into(), variant: None };
    let error = open_oci_layout(&layout, &limits, &arm, true).expect_err("no such platform");
    assert_eq!(error.to_string(), "no image for platform linux/arm64 (there are: linux/amd64)");
    assert!(open_oci_layout(&layout, &limits, &arm, false).is_ok(), "one image, no wish: it is taken");
    assert!(open_oci_layout(&format!("{layout}:other"), &limits, &platform(), false).is_err());
    assert!(matches!(detect("./nothing-here", &limits), Err(TargetError::NotFound { .. })));
    assert_eq!(detect("alpine:3.20", &limits).expect("a reference").kind, TargetKind::Registry);
    let junk = write(folder.path(), "junk", b"not a tar at all");
    assert_eq!(detect(&junk, &limits).expect("a file").kind, TargetKind::File);
    assert!(open_docker_archive(&junk, &limits, &platform()).is_err());
    let sbom = write(folder.path(), "sbom.json", b"{\"bomFormat\": \"CycloneDX\"}");
    assert_eq!(detect(&sbom, &limits).expect("told").kind, TargetKind::Sbom);
}
