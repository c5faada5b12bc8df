//! docs/reference/guard-detections.md: which rule was raised by which case.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use seawall_rules::Rule;

use crate::case::{Case, Script};
use crate::containers::Outcome;

/// The page, in Markdown.
pub(crate) fn page(
    rules: &[Rule],
    cases: &[Case],
    outcomes: &[Outcome],
    raised: &dyn Fn(&Outcome) -> BTreeSet<String>,
) -> String {
    let mut out = String::from(
        "# What the guard detects\n\nWritten by the test `attacks` of `seawall-sensor`, which runs every attack below in a container of a real \
         engine and checks each alert's rule and container. An attack is a script of `testdata/attacks`.\n\n\
         ## The rules that ship\n\nOrdinary work beside each attack raised nothing that is not in the last column.\n\n\
         | rule | ATT&CK | attacks that raised it | raised by them as well | raised by ordinary work in such a container |\n|---|---|---|---|---|\n",
    );
    for rule in rules {
        let techniques: Vec<_> = rule
            .tags
            .iter()
            .filter(|t| t.starts_with('T') && t[1..].starts_with(|c: char| c.is_ascii_digit()))
            .cloned()
            .collect();
        let (mut attacks, mut others, mut benign) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        for outcome in outcomes.iter().filter(|o| cases[o.case].rule == rule.name && !cases[o.case].generator) {
            let said = raised(outcome);
            match &outcome.script {
                // What this machine does not let start is told as the case says.
                Script::Attack(file) if said.contains(&rule.name) || outcome.skipped.is_some() => {
                    attacks.push(file.trim_end_matches(".sh").to_owned());
                    others.extend(said.into_iter().filter(|r| *r != rule.name));
                }
                Script::Attack(_) => {}
                Script::Benign => benign.extend(said),
            }
        }
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            rule.name,
            techniques.join(" "),
            joined(attacks),
            joined(others),
            joined(benign)
        );
    }
    out.push_str(
        "\n## The actions of Falco's event generator\n\nWith Falco's three files of rules as they are, those switched off switched on.\n\n\
         | action | rule | raised | |\n|---|---|---|---|\n",
    );
    for outcome in outcomes.iter().filter(|o| cases[o.case].generator && o.script != Script::Benign) {
        let case = &cases[outcome.case];
        let said = raised(outcome).contains(&case.rule) || outcome.skipped.is_some();
        let said = if said { "yes" } else { "no" };
        let _ = writeln!(out, "| {} | {} | {said} | {} |", case.id, case.rule, case.note);
    }
    out
}

fn joined(words: impl IntoIterator<Item = String>) -> String {
    words.into_iter().collect::<Vec<_>>().join(", ")
}

/// Compares the page with the one that is kept, or writes it where `SEAWALL_BLESS` is set.
pub(crate) fn keep(repository: &Path, page: &str) {
    let path = repository.join("docs/reference/guard-detections.md");
    if std::env::var_os("SEAWALL_BLESS").is_some() {
        std::fs::write(&path, page).expect("writable");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == page, "{} is not what was raised; SEAWALL_BLESS=1 writes it", path.display());
}
