//! Tar, compression, paths, and images in archives.

use std::io::Read;

use seawall_inspect::{CATALOGERS, Pass, Units};
use seawall_io::tar::Reader;
use seawall_io::{Decoder, Limits, clean_path};
use seawall_model::Platform;

use super::{Target, target};

fn limits() -> Limits {
    Limits { layer_bytes: 32 << 20, ratio_floor: 1 << 20, entries: 10_000, ..Limits::default() }
}

pub(super) fn targets() -> Vec<Target> {
    vec![
        target("tar", &["cataloger/java-archive", "cataloger/apk"], |bytes| {
            let mut reader = Reader::new(bytes);
            let mut read = 0usize;
            while let Ok(Some(_)) = reader.next_entry() {
                while let Ok(Some(chunk)) = reader.data() {
                    read += chunk.len();
                    if read > 64 << 20 {
                        return;
                    }
                }
            }
        }),
        target("decompress", &["cataloger/java-archive"], |bytes| {
            for magic in [&b""[..], b"\x1f\x8b\x08\0\0\0\0\0\0\x03", b"\x28\xb5\x2f\xfd"] {
                if let Ok(decoder) = Decoder::new(&[magic, bytes].concat()[..], &limits()) {
                    let _ = decoder.take(64 << 20).read_to_end(&mut Vec::new());
                }
            }
        }),
        target("path", &[], |bytes| {
            if let Ok(path) = clean_path(bytes, 4096) {
                assert!(!path.starts_with('/') && path.split('/').all(|c| c != ".."));
            }
        }),
        target("layer", &["cataloger/java-archive"], |bytes| {
            let units = Units::new(CATALOGERS);
            let limits = limits();
            let _ = Pass::new(&units, &limits).layer(bytes);
        }),
        target("docker-archive", &[], |bytes| {
            let mut file = tempfile::NamedTempFile::new().expect("a file");
            std::io::Write::write_all(&mut file, bytes).expect("writable");
            let platform = Platform { os: "linux".into(), architecture: "amd64".into(), variant: None };
            let path = file.path().to_string_lossy().into_owned();
            let _ = seawall_target::open_docker_archive(&path, &limits(), &platform);
            let _ = seawall_target::detect(&path, &limits());
        }),
    ]
}
