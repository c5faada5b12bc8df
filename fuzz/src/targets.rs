mod archives;
mod catalogers;
mod documents;
mod identity;
mod network;
mod sources;
mod spool;
mod store;
mod versions;

use std::path::{Path, PathBuf};

/// A parser of hostile bytes, and where its corpus is.
pub struct Target {
    /// Unique, kebab-case.
    pub name: String,
    /// Folders of `testdata/`.
    pub corpus: Vec<PathBuf>,
    /// Takes any bytes.
    pub run: Box<dyn Fn(&[u8])>,
}

/// Every target.
pub fn targets() -> Vec<Target> {
    let mut all = Vec::new();
    all.extend(archives::targets());
    all.extend(catalogers::targets());
    all.extend(documents::targets());
    all.extend(identity::targets());
    all.extend(network::targets());
    all.extend(sources::targets());
    all.extend(spool::targets());
    all.extend(store::targets());
    all.extend(versions::targets());
    all
}

fn testdata(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata").join(part)
}

fn target(name: &str, corpus: &[&str], run: impl Fn(&[u8]) + 'static) -> Target {
    Target { name: name.to_owned(), corpus: corpus.iter().map(|c| testdata(c)).collect(), run: Box::new(run) }
}
