//! `make-image OUT NAME CONFIG.json LAYER…`: an OCI layout at OUT from folders, each a layer. Used by `make demo`.
#![allow(clippy::disallowed_methods, reason = "it reads fixtures of this repository")]

use std::path::Path;

use seawall_testkit::{ImageBuilder, TarBuilder};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [out, name, config, layers @ ..] = arguments.as_slice() else {
        panic!("usage: make-image OUT NAME CONFIG.json LAYER…");
    };
    let config = std::fs::read(config).unwrap_or_else(|e| panic!("{config}: {e}"));
    let mut image = ImageBuilder::new(name).config(serde_json::from_slice(&config).expect("JSON"));
    for layer in layers {
        let folder = Path::new(layer);
        let label = folder.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        image = image.layer(TarBuilder::new().tree(folder), &format!("COPY {label} / # examples/demo"));
    }
    image.write_oci(Path::new(out));
}
