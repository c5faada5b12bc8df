use std::io::Write;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::TarBuilder;

/// How a layer is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compress {
    /// Not compressed.
    None,
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
}

/// An image in the making.
#[derive(Debug, Clone)]
pub struct ImageBuilder {
    name: String,
    config: serde_json::Value,
    layers: Vec<(Vec<u8>, String)>,
    compress: Compress,
}

/// The SHA-256 digest as 64 hexadecimal digits.
pub fn hex_sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

impl ImageBuilder {
    /// An image of this name, without layers.
    pub fn new(name: &str) -> Self {
        let config = serde_json::json!({});
        Self { name: name.to_owned(), config, layers: Vec::new(), compress: Compress::Gzip }
    }

    /// Sets the `config` section of the image configuration.
    pub fn config(mut self, config: serde_json::Value) -> Self {
        self.config = config;
        self
    }

    /// Sets how layers are stored in an OCI layout.
    pub fn compress(mut self, compress: Compress) -> Self {
        self.compress = compress;
        self
    }

    /// Adds a layer, with the instruction that made it.
    pub fn layer(mut self, tar: TarBuilder, instruction: &str) -> Self {
        self.layers.push((tar.finish(), instruction.to_owned()));
        self
    }

    /// Adds a layer from the bytes of a tar.
    pub fn raw_layer(mut self, tar: Vec<u8>, instruction: &str) -> Self {
        self.layers.push((tar, instruction.to_owned()));
        self
    }

    fn stored(&self, tar: &[u8]) -> (Vec<u8>, &'static str) {
        match self.compress {
            Compress::None => (tar.to_vec(), "application/vnd.oci.image.layer.v1.tar"),
            Compress::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
                encoder.write_all(tar).expect("in memory");
                (encoder.finish().expect("in memory"), "application/vnd.oci.image.layer.v1.tar+gzip")
            }
            Compress::Zstd => (
                ruzstd::encoding::compress_to_vec(tar, ruzstd::encoding::CompressionLevel::Fastest),
                "application/vnd.oci.image.layer.v1.tar+zstd",
            ),
        }
    }

    fn configuration(&self) -> Vec<u8> {
        let diff_ids: Vec<String> = self.layers.iter().map(|(t, _)| format!("sha256:{}", hex_sha256(t))).collect();
        let created = "1970-01-01T00:00:00Z";
        let history: Vec<_> = self
            .layers
            .iter()
            .map(|(_, instruction)| serde_json::json!({"created": created, "created_by": instruction}))
            .collect();
        serde_json::to_vec(&serde_json::json!({
            "architecture": "amd64", "os": "linux", "created": created, "config": self.config,
            "rootfs": {"type": "layers", "diff_ids": diff_ids}, "history": history,
        }))
        .expect("JSON")
    }

    /// The blobs of the image and its `index.json`, by their path in an OCI layout.
    fn files(&self) -> Vec<(String, Vec<u8>)> {
        let mut files = Vec::new();
        let mut put = |bytes: Vec<u8>, media_type: &str| {
            let hex = hex_sha256(&bytes);
            let descriptor =
                serde_json::json!({"mediaType": media_type, "digest": format!("sha256:{hex}"), "size": bytes.len()});
            files.push((format!("blobs/sha256/{hex}"), bytes));
            descriptor
        };
        let layers: Vec<_> = self
            .layers
            .iter()
            .map(|(tar, _)| {
                let (bytes, media_type) = self.stored(tar);
                put(bytes, media_type)
            })
            .collect();
        let config = put(self.configuration(), "application/vnd.oci.image.config.v1+json");
        let media_type = "application/vnd.oci.image.manifest.v1+json";
        let manifest =
            serde_json::json!({"schemaVersion": 2, "mediaType": media_type, "config": config, "layers": layers});
        let mut descriptor = put(serde_json::to_vec(&manifest).expect("JSON"), media_type);
        descriptor["platform"] = serde_json::json!({"os": "linux", "architecture": "amd64"});
        descriptor["annotations"] = serde_json::json!({"org.opencontainers.image.ref.name": self.name});
        let index = serde_json::json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [descriptor],
        });
        files.push(("index.json".to_owned(), serde_json::to_vec(&index).expect("JSON")));
        files.push(("oci-layout".to_owned(), br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec()));
        files
    }

    /// Writes an OCI layout folder.
    pub fn write_oci(&self, folder: &Path) {
        std::fs::create_dir_all(folder.join("blobs/sha256")).expect("a folder");
        for (path, bytes) in self.files() {
            std::fs::write(folder.join(path), bytes).expect("writable");
        }
    }

    /// An OCI layout as a tar.
    pub fn oci_archive(&self) -> Vec<u8> {
        self.files().iter().fold(TarBuilder::new(), |tar, (path, bytes)| tar.file(path, bytes)).finish()
    }

    /// What `docker save` of Docker 24 and older writes.
    pub fn docker_archive(&self) -> Vec<u8> {
        let config = self.configuration();
        let config_name = format!("{}.json", hex_sha256(&config));
        let mut tar = TarBuilder::new().file(&config_name, &config);
        let mut layers = Vec::new();
        for (bytes, _) in &self.layers {
            let name = format!("{}/layer.tar", hex_sha256(bytes));
            if !layers.contains(&name) {
                tar = tar.file(&name, bytes);
            }
            layers.push(name);
        }
        let manifest = serde_json::json!([{"Config": config_name, "RepoTags": [self.name], "Layers": layers}]);
        tar.file("manifest.json", &serde_json::to_vec(&manifest).expect("JSON")).finish()
    }

    /// What `docker save` of Docker 25 and later writes: an OCI layout with a `manifest.json` beside it.
    pub fn docker_archive_oci(&self) -> Vec<u8> {
        let mut tar = TarBuilder::new();
        for (path, bytes) in self.files() {
            tar = tar.file(&path, &bytes);
        }
        let blob = |bytes: &[u8]| format!("blobs/sha256/{}", hex_sha256(bytes));
        let layers: Vec<String> = self.layers.iter().map(|(tar, _)| blob(&self.stored(tar).0)).collect();
        let manifest =
            serde_json::json!([{"Config": blob(&self.configuration()), "RepoTags": [self.name], "Layers": layers}]);
        tar.file("manifest.json", &serde_json::to_vec(&manifest).expect("JSON")).finish()
    }
}
