//! One target for each advisory source.

use seawall_advisory::{SOURCES, Sink, read_document};
use seawall_model::{Advisory, EndOfLife, Epss, KnownExploited};

use super::{Target, target};

/// Names by which one source or another knows what to read.
const MEMBERS: &[&str] = &[
    "a/b.json",
    "a/b.yaml",
    "a/b.md",
    "list",
    "products/a.md",
    "vuln/core/1.json",
    "CVE-2024-0001.json",
    "gems/a/b.yml",
];

struct Nothing;

impl Sink for Nothing {
    fn advisory(&mut self, _: Advisory) {}
    fn epss(&mut self, _: &str, _: Epss) {}
    fn kev(&mut self, _: &str, _: KnownExploited) {}
    fn end_of_life(&mut self, _: EndOfLife) {}
    fn unknown(&mut self, _: &str, _: String) {}
}

pub(super) fn targets() -> Vec<Target> {
    SOURCES
        .iter()
        .map(|s| {
            let corpus = format!("source/{}", s.id());
            target(&format!("source-{}", s.id()), &[&corpus, "../examples/demo/advisories"], move |bytes| {
                for member in MEMBERS {
                    read_document(*s, member, bytes, &mut Nothing);
                }
            })
        })
        .collect()
}
