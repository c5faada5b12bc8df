//! Short forms that stand for rules: written out as conditions and compiled like any other.

use seawall_model::{Outcome, Severity};

use super::read::scope;
use super::{On, Rule};
use crate::cel::Program;
use crate::diagnostic::Fault;
use crate::reader::Reader;
use crate::template::Template;
use crate::yaml::Node;

const OUTCOMES: [(&str, Outcome); 2] = [("deny", Outcome::Deny), ("warn", Outcome::Warn)];

/// `thresholds`: one rule for each that is set.
pub(super) fn thresholds(reader: &mut Reader<'_>, node: &Node) -> Vec<Rule> {
    let fields = reader.fields(
        node,
        "thresholds",
        &["failOn", "warnOn", "fixableOnly", "kev", "epss", "cvss", "maxAgeDays", "outcome"],
    );
    let outcome = fields.get("outcome").and_then(|n| reader.choice(n, &OUTCOMES)).unwrap_or(Outcome::Deny);
    let fixable =
        fields.get("fixableOnly").and_then(|n| reader.choice(n, &[("true", true), ("false", false)])).unwrap_or(false);
    let and_fixable = if fixable { " && finding.fix.available" } else { "" };
    let mut rules = Vec::new();
    for (key, id, outcome) in
        [("failOn", "threshold-severity", outcome), ("warnOn", "threshold-severity-warn", Outcome::Warn)]
    {
        let Some(place) = fields.get(key) else { continue };
        let Some(severity) = reader.choice(place, &Severity::ALL.map(|s| (s.name(), s))) else { continue };
        let when = format!("finding.severity >= severity(\"{severity}\"){and_fixable}");
        let description = format!("the severity is {severity} or worse");
        rules.extend(rule(reader, place, id, On::Finding, &when, outcome, &description));
    }
    if let Some(place) = fields.get("kev")
        && let Some(outcome) = reader.choice(place, &OUTCOMES)
    {
        let when = format!("finding.kev.listed{and_fixable}");
        rules.extend(rule(reader, place, "threshold-kev", On::Finding, &when, outcome, "known to be exploited"));
    }
    if let Some((place, value)) = fields.get("epss").and_then(|n| Some((n, reader.number(n, 0.0, 1.0)?))) {
        let when = format!("finding.epss >= {value:?}{and_fixable}");
        let description = format!("the probability of exploitation is {value} or more");
        rules.extend(rule(reader, place, "threshold-epss", On::Finding, &when, outcome, &description));
    }
    if let Some((place, value)) = fields.get("cvss").and_then(|n| Some((n, reader.number(n, 0.0, 10.0)?))) {
        let when = format!("finding.score >= {value:?}{and_fixable}");
        let description = format!("the CVSS score is {value} or more");
        rules.extend(rule(reader, place, "threshold-cvss", On::Finding, &when, outcome, &description));
    }
    if let Some((place, days)) = fields.get("maxAgeDays").and_then(|n| Some((n, reader.number(n, 0.0, 36_500.0)?))) {
        // Only what can be mended can be late; what states no date cannot be either.
        let when = format!(
            "finding.fix.available && has(finding.published) && days_since(finding.published) > {}",
            days.floor()
        );
        let description = format!("a fix is there, and it was published more than {} days ago", days.floor());
        rules.extend(rule(reader, place, "threshold-age", On::Finding, &when, outcome, &description));
    }
    rules
}

/// `licences`: one rule for each list.
pub(super) fn licences(reader: &mut Reader<'_>, node: &Node) -> Vec<Rule> {
    let fields = reader.fields(node, "licences", &["deny", "allowOnly", "unlicensed", "outcome"]);
    let outcome = fields.get("outcome").and_then(|n| reader.choice(n, &OUTCOMES)).unwrap_or(Outcome::Deny);
    let mut rules = Vec::new();
    if let Some(place) = fields.get("deny") {
        let when = format!("package.licences.forbidden_by([{}])", quoted(&reader.texts(place)));
        rules.extend(rule(reader, place, "licence-denied", On::Package, &when, outcome, "the licence is denied"));
    }
    if let Some(place) = fields.get("allowOnly") {
        let when =
            format!("has(package.licences) && !package.licences.permitted_by([{}])", quoted(&reader.texts(place)));
        rules.extend(rule(
            reader,
            place,
            "licence-not-allowed",
            On::Package,
            &when,
            outcome,
            "the licence is not one of those allowed",
        ));
    }
    if let Some(place) = fields.get("unlicensed") {
        let unlicensed =
            reader.choice(place, &[("deny", Some(Outcome::Deny)), ("warn", Some(Outcome::Warn)), ("accept", None)]);
        if let Some(Some(outcome)) = unlicensed {
            rules.extend(rule(
                reader,
                place,
                "licence-unknown",
                On::Package,
                "!has(package.licences)",
                outcome,
                "no licence is stated",
            ));
        }
    }
    rules
}

fn quoted(items: &[String]) -> String {
    items
        .iter()
        .map(|item| format!("\"{}\"", item.replace('\\', "\\\\").replace('"', "\\\"").replace(['\n', '\r'], " ")))
        .collect::<Vec<_>>()
        .join(", ")
}

fn rule(
    reader: &mut Reader<'_>,
    place: &Node,
    id: &str,
    on: On,
    when: &str,
    outcome: Outcome,
    description: &str,
) -> Option<Rule> {
    let message = match on {
        On::Package => "{{ package.name }} {{ package.version }}: ",
        _ => "{{ finding.id }}: ",
    };
    match (Program::condition(when, scope(on)), Template::compile(&format!("{message}{description}"), scope(on))) {
        (Ok(when), Ok(message)) => Some(Rule {
            id: id.to_owned(),
            on,
            when,
            outcome,
            description: description.to_owned(),
            message: Some(message),
            include_unimportant: false,
            place: reader.place(place),
        }),
        (Err(errors), _) | (_, Err(errors)) => {
            let message = errors.first().map(|e| e.message.clone()).unwrap_or_default();
            reader.faults.push(Fault::new(place.at, 1, message));
            None
        }
    }
}
