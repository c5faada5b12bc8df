//! The content manifests that Red Hat puts into its images: which repositories an image's packages come from, and so
//! which product streams answer for them.
//!
//! Specification: <https://github.com/containerbuildsystem/atomic-reactor/blob/master/atomic_reactor/schemas/content_manifest.json>.

use seawall_model::UnknownKind;
use serde::Deserialize;

use crate::unit::{Cataloger, File, Files, Need, Observation, Observer, Want};

const NEED: Need = Need::Content(8 << 20);
/// An image names some dozens.
const MAX_CONTENT_SETS: usize = 10_000;

/// Reads Red Hat content manifests.
pub(super) struct OsContentSets;

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    content_sets: Option<Vec<String>>,
}

impl Cataloger for OsContentSets {
    fn id(&self) -> &'static str {
        "os-content-sets"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> &'static str {
        "Reads the content sets that Red Hat's build system recorded in an image."
    }

    fn specification(&self) -> &'static str {
        "https://github.com/containerbuildsystem/atomic-reactor/blob/master/atomic_reactor/schemas/content_manifest.json"
    }

    fn wants(&self) -> &'static [Want] {
        &[
            Want { files: Files::In("root/buildinfo/content_manifests", ".json"), need: NEED },
            Want { files: Files::In("usr/share/buildinfo/content_manifests", ".json"), need: NEED },
            Want { files: Files::Path("root/buildinfo/content-sets.json"), need: NEED },
            Want { files: Files::Path("usr/share/buildinfo/content-sets.json"), need: NEED },
        ]
    }

    fn catalog(&self, file: &File<'_>, seen: &mut Observer<'_>) {
        let manifest: Manifest = match serde_json::from_slice(file.content) {
            Ok(manifest) => manifest,
            Err(error) => return seen.unknown(UnknownKind::Malformed, error),
        };
        let mut sets = manifest.content_sets.unwrap_or_default();
        if sets.len() > MAX_CONTENT_SETS {
            seen.unknown(UnknownKind::Limit, format_args!("more than {MAX_CONTENT_SETS} content sets"));
            sets.truncate(MAX_CONTENT_SETS);
        }
        sets.retain(|set| !set.is_empty());
        sets.sort_unstable();
        sets.dedup();
        if !sets.is_empty() {
            seen.observe(Observation::Repositories(sets));
        }
    }
}
