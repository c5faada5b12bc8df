//! How often a registry is asked for the layers of an image, and what becomes of answers that change.
#![allow(clippy::disallowed_methods, reason = "tests read their own files")]
#![allow(dead_code, unreachable_pub, reason = "the server is shared with the target room's tests")]

#[path = "../../target/tests/registry/pushed.rs"]
mod pushed;
#[path = "../../target/tests/registry/server.rs"]
mod server;

use std::sync::Arc;
use std::time::Duration;

use pushed::{Pushed, pushed};
use seawall_engine::{EngineError, Inspector, Silent};
use seawall_inspect::{CATALOGERS, Units};
use seawall_io::Limits;
use seawall_model::{Inventory, Platform};
use seawall_target::{RegistryOptions, TargetError, open_registry};
use seawall_testkit::{Compress, ImageBuilder, TarBuilder};
use server::{Reply, Server, honest, part};

/// The second layer has a package under a name that only a hard link gives it, after content and much else.
fn linked(compress: Compress, noise: usize) -> Pushed {
    let package = br#"{"name":"linked","version":"1.0.0"}"#;
    let noise: Vec<u8> = (0..noise as u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let plain = TarBuilder::new().file("app/node_modules/plain/package.json", br#"{"name":"plain","version":"1.0.0"}"#);
    let links = TarBuilder::new()
        .file("store/ab/cdef", package)
        .file("noise", &noise)
        .hard_link("app/node_modules/linked/package.json", "store/ab/cdef");
    pushed(&ImageBuilder::new("app:1").compress(compress).layer(plain, "one").layer(links, "two"))
}

fn inspect(server: &Server, kept_bytes: u64) -> Result<Inventory, EngineError> {
    let limits = Limits::default();
    let platform = Platform { os: "linux".into(), architecture: "amd64".into(), variant: None };
    let options =
        RegistryOptions { kept_bytes, attempts: 2, backoff: Duration::from_millis(2), ..RegistryOptions::default() };
    let image =
        open_registry(&format!("{}/team/app:1", server.host), &limits, &platform, false, &options).expect("opens");
    let inspector =
        Inspector { units: Units::new(CATALOGERS), limits, cache: None, archives: None, programs: false, parallel: 2 };
    inspector.image(image, &Silent)
}

#[test]
fn a_layer_with_hard_links_is_fetched_once() {
    const ROOM: u64 = 1 << 30;
    // Without the room to keep it, it is fetched again, and gives the same.
    for (compress, noise, kept_bytes, fetched) in [
        (Compress::None, 10, ROOM, 1),
        (Compress::Gzip, 10, ROOM, 1),
        (Compress::Gzip, 10, 2_000, 1),
        (Compress::Gzip, 500_000, ROOM, 1),
        (Compress::Zstd, 500_000, ROOM, 1),
        (Compress::Gzip, 500_000, 2_000, 2),
        (Compress::Gzip, 10, 0, 2),
    ] {
        let image = Arc::new(linked(compress, noise));
        let kept = image.clone();
        let server = Server::start(move |request, _| honest(request, &kept));
        let inventory = inspect(&server, kept_bytes).expect("reads");
        let names: Vec<_> = inventory.packages.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["linked", "plain"]);
        assert_eq!(inventory.unknowns, []);
        assert_eq!(server.count(&image.layers[1]), fetched, "{compress:?} {noise} {kept_bytes}");
        assert_eq!(server.count(&image.layers[0]), 1, "it has no hard links");
    }
}

/// Answers the second request for the second layer with another package where the content was.
fn forging(image: &Arc<Pushed>) -> Server {
    let image = image.clone();
    Server::start(move |request, number| {
        if number < 2 || !request.path.ends_with(&image.layers[1]) {
            return honest(request, &image);
        }
        let mut bytes = image.blobs[&image.layers[1]].clone();
        let at = bytes.windows(8).position(|w| w == b"\"linked\"").expect("it is there");
        bytes[at..at + 8].copy_from_slice(b"\"forged\"");
        Reply::new(200, &bytes)
    })
}

#[test]
fn a_layer_that_is_another_the_second_time_is_refused() {
    let image = Arc::new(linked(Compress::None, 10));
    let error = inspect(&forging(&image), 0).expect_err("a mismatch");
    assert!(matches!(error, EngineError::Target(TargetError::DigestMismatch { .. })), "{error}");
    assert!(error.to_string().contains(&image.layers[1]) && error.to_string().contains("read again"), "{error}");
    // What is kept is what was verified.
    let inventory = inspect(&forging(&image), 1 << 30).expect("reads");
    assert!(inventory.packages.iter().any(|p| p.name == "linked"));
}

#[test]
fn a_layer_that_goes_on_with_other_bytes_is_refused() {
    let image = Arc::new(linked(Compress::Gzip, 500_000));
    let kept = image.clone();
    let server = Server::start(move |request, number| {
        if !request.path.ends_with(&kept.layers[1]) {
            return honest(request, &kept);
        }
        let mut bytes = kept.blobs[&kept.layers[1]].clone();
        if number == 1 {
            return part(request, &bytes).cut(100_000);
        }
        // The last byte is of the checksum's companion, the length: the stream itself ends well.
        *bytes.last_mut().expect("bytes") ^= 1;
        part(request, &bytes)
    });
    let error = inspect(&server, 1 << 30).expect_err("refused").to_string();
    assert!(error.contains("layer 1"), "{error}");
    assert_eq!(server.count(&image.layers[1]), 2);

    // What is no part of the layer's content counts too: the digest is of every byte.
    let image = Arc::new(linked(Compress::None, 10));
    let kept = image.clone();
    let server = Server::start(move |request, number| {
        if !request.path.ends_with(&kept.layers[1]) {
            return honest(request, &kept);
        }
        let mut bytes = kept.blobs[&kept.layers[1]].clone();
        if number == 1 {
            return part(request, &bytes).cut(1_000);
        }
        *bytes.last_mut().expect("bytes") ^= 1;
        part(request, &bytes)
    });
    let error = inspect(&server, 1 << 30).expect_err("refused");
    assert!(matches!(error, EngineError::Target(TargetError::DigestMismatch { .. })), "{error}");
    assert!(error.to_string().contains(&image.layers[1]), "{error}");
}
