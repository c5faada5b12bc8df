//! SBOMs, policies, cases, rule files and VEX documents.

use seawall_decide::{Bundle, CaseFile};
use seawall_rules::{Options, RuleSet};

use super::{Target, target};

pub(super) fn targets() -> Vec<Target> {
    vec![
        target(
            "sbom",
            &["report/cyclonedx-json", "report/cyclonedx-xml", "report/spdx-json", "report/spdx-tag-value"],
            |bytes| {
                let _ = seawall_inspect::read_sbom(bytes, "fuzz");
            },
        ),
        target("policy", &["policy", "../examples/policies"], |bytes| {
            if let Ok(text) = std::str::from_utf8(bytes) {
                let _ = Bundle::load("fuzz", text);
                let _ = CaseFile::load("fuzz", text);
            }
        }),
        target("rules", &["rules"], |bytes| {
            if let Ok(text) = std::str::from_utf8(bytes) {
                let _ = RuleSet::load(&[("fuzz", text)], &Options::default());
                let _ = seawall_rules::syntax::parse(text);
            }
        }),
        target("vex", &["vex"], |bytes| {
            let _ = seawall_advisory::read_vex("fuzz", bytes);
        }),
    ]
}
