use std::collections::BTreeMap;
use std::io::Read;

use seawall_io::{Limits, sha256};
use seawall_target::Image;
use seawall_testkit::{Compress, ImageBuilder, TarBuilder};
use serde_json::Value;

/// The documents and layers of a small image, as a registry keeps them.
pub struct Pushed {
    pub manifest: Vec<u8>,
    pub config: String,
    pub layers: Vec<String>,
    /// By digest.
    pub blobs: BTreeMap<String, Vec<u8>>,
}

/// Bytes that do not compress, so that a layer is long enough to break off within.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..length).map(|_| next()).collect()
}

pub fn image(name: &str) -> Pushed {
    let builder = ImageBuilder::new(name)
        .compress(Compress::Gzip)
        .config(serde_json::json!({"User": "1000"}))
        .layer(TarBuilder::new().file("etc/os-release", b"ID=x\n"), "FROM base")
        .layer(TarBuilder::new().file("app", &noise(300_000)).file("name", name.as_bytes()), "COPY app /");
    pushed(&builder)
}

pub fn pushed(builder: &ImageBuilder) -> Pushed {
    let folder = tempfile::tempdir().expect("a folder");
    builder.write_oci(folder.path());
    let read = |path: String| std::fs::read(folder.path().join(path)).expect("readable");
    let blob = |digest: &str| read(format!("blobs/{}", digest.replace(':', "/")));
    let index: Value = serde_json::from_slice(&read("index.json".to_owned())).expect("JSON");
    let digest_of = |descriptor: &Value| descriptor["digest"].as_str().expect("a digest").to_owned();
    let manifest = blob(&digest_of(&index["manifests"][0]));
    let document: Value = serde_json::from_slice(&manifest).expect("JSON");
    let config = digest_of(&document["config"]);
    let layers: Vec<String> = document["layers"].as_array().expect("layers").iter().map(digest_of).collect();
    let blobs = layers.iter().chain([&config]).map(|digest| (digest.clone(), blob(digest))).collect();
    Pushed { manifest, config, layers, blobs }
}

impl Pushed {
    pub fn digest(&self) -> String {
        sha256(&self.manifest).to_string()
    }

    /// Whether an opened image is this one: every layer's stored and uncompressed bytes have the digests stated.
    pub fn check(&self, image: &Image) {
        assert_eq!(image.info.manifest_digest.expect("a digest").to_string(), self.digest());
        assert_eq!(image.info.config_digest.expect("a digest").to_string(), self.config);
        assert_eq!(image.config.user, "1000");
        assert_eq!(image.layers.len(), self.layers.len());
        for index in 0..image.layers.len() {
            let stored = read(image, index).expect("reads");
            assert_eq!(Some(sha256(&stored)), image.layers[index].digest);
            let mut decoder = seawall_io::Decoder::new(&stored[..], &Limits::default()).expect("opens");
            let mut bytes = Vec::new();
            decoder.read_to_end(&mut bytes).expect("reads");
            assert_eq!(sha256(&bytes), image.layers[index].diff_id);
        }
    }
}

/// The stored bytes of a layer, or the text of the error.
pub fn read(image: &Image, index: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut reader = image.blobs.open(index).map_err(|e| e.to_string())?;
    reader.read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    Ok(bytes)
}
