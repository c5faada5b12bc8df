use jiff::civil::Date;
use seawall_model::Outcome;

use super::{Bundle, Exception, On, Rule, Unknowns, runtime, sugar};
use crate::cel::Program;
use crate::cel::types::ObjectType;
use crate::diagnostic::{Fault, line_and_column};
use crate::reader::Reader;
use crate::schema::{FINDING_SCOPE, IMAGE_SCOPE, PACKAGE_SCOPE, REPORT_SCOPE};
use crate::template::Template;
use crate::yaml::{self, Node};

/// Rules and exceptions in one bundle.
const MAX_ITEMS: usize = 1000;

const KEYS: [&str; 10] = [
    "apiVersion",
    "name",
    "description",
    "unknowns",
    "expiredExceptions",
    "rules",
    "thresholds",
    "licences",
    "exceptions",
    "runtime",
];

pub(super) fn bundle(file: &str, text: &str) -> Result<Bundle, Vec<Fault>> {
    let root = yaml::parse(text).map_err(|fault| vec![fault])?;
    let mut reader = Reader::new(file, text);
    let Some(root) = root.filter(|node| !node.is_null()) else {
        return Err(vec![Fault::new(0, 1, "the policy is empty").hint("it begins with `apiVersion: seawall/v1`")]);
    };
    let bundle = read(&mut reader, &root);
    if reader.faults.is_empty() { Ok(bundle) } else { Err(reader.faults) }
}

fn read(reader: &mut Reader<'_>, root: &Node) -> Bundle {
    let fields = reader.fields(root, "a policy", &KEYS);
    match fields.require(reader, "apiVersion").and_then(|node| reader.text(node)) {
        Some("seawall/v1") | None => {}
        Some(other) => {
            let message = format!("`{other}` is not an API version that is known here");
            reader.fail_at(fields.get("apiVersion").unwrap_or(root), message, Some("write `apiVersion: seawall/v1`"));
        }
    }
    let name = fields.require(reader, "name").and_then(|node| reader.text(node)).unwrap_or_default().to_owned();
    let description = fields.get("description").and_then(|node| reader.text(node)).unwrap_or_default().to_owned();
    let unknowns = fields
        .get("unknowns")
        .and_then(|node| {
            reader.choice(node, &[("deny", Unknowns::Deny), ("warn", Unknowns::Warn), ("accept", Unknowns::Accept)])
        })
        .unwrap_or(Unknowns::Warn);
    let expired = fields
        .get("expiredExceptions")
        .and_then(|node| {
            reader.choice(node, &[("deny", Some(Outcome::Deny)), ("warn", Some(Outcome::Warn)), ("ignore", None)])
        })
        .unwrap_or(Some(Outcome::Warn));
    let mut rules: Vec<Rule> = Vec::new();
    let mut places: Vec<&Node> = Vec::new();
    for node in fields.get("rules").map(|node| reader.list(node, MAX_ITEMS)).unwrap_or_default() {
        if let Some((rule, id)) = rule(reader, node) {
            rules.push(rule);
            places.push(id);
        }
    }
    if let Some(node) = fields.get("thresholds") {
        for rule in sugar::thresholds(reader, node) {
            rules.push(rule);
            places.push(node);
        }
    }
    if let Some(node) = fields.get("licences") {
        for rule in sugar::licences(reader, node) {
            rules.push(rule);
            places.push(node);
        }
    }
    for (index, (rule, place)) in rules.iter().zip(&places).enumerate() {
        if let Some((_, first)) = rules.iter().zip(&places).take(index).find(|(before, _)| before.id == rule.id) {
            let (line, _) = line_and_column(reader.source, first.at);
            reader.fail_at(
                place,
                format!("the rule id `{}` is there twice", rule.id),
                Some(&format!("the first is on line {line}")),
            );
        }
    }
    let exceptions = fields
        .get("exceptions")
        .map(|node| reader.list(node, MAX_ITEMS))
        .unwrap_or_default()
        .into_iter()
        .filter_map(|node| exception(reader, node))
        .collect();
    let runtime = fields.get("runtime").map(|node| runtime::section(reader, node)).unwrap_or_default();
    let (parts, excused_by_others) = (Vec::new(), false);
    Bundle { name, description, unknowns, expired, rules, exceptions, runtime, parts, excused_by_others }
}

fn rule<'n>(reader: &mut Reader<'_>, node: &'n Node) -> Option<(Rule, &'n Node)> {
    let fields =
        reader.fields(node, "a rule", &["id", "on", "when", "outcome", "message", "description", "includeUnimportant"]);
    let id_node = fields.require(reader, "id")?;
    let id = reader.text(id_node)?;
    if !is_kebab(id) {
        reader.fail_at(
            id_node,
            format!("the rule id `{id}` is not kebab-case"),
            Some("write small letters, digits and single hyphens: `no-critical`"),
        );
    }
    let on = fields.require(reader, "on").and_then(|n| {
        reader.choice(
            n,
            &[("finding", On::Finding), ("package", On::Package), ("image", On::Image), ("report", On::Report)],
        )
    });
    let outcome = fields.require(reader, "outcome").and_then(|n| {
        if n.text() == Some("allow") {
            reader.fail_at(
                n,
                "a rule cannot allow: everything passes that no rule speaks against",
                Some("to let a finding pass, write an exception with owner, reason and expiry"),
            );
            return None;
        }
        reader.choice(n, &[("deny", Outcome::Deny), ("warn", Outcome::Warn)])
    });
    let when = fields.require(reader, "when");
    // Without its subject the condition cannot be checked; the fault is told already.
    let on = on?;
    let scope = scope(on);
    let (when, when_place) = match when {
        Some(node) => (condition(reader, node, scope), reader.place(node)),
        None => (None, String::new()),
    };
    let message = fields.get("message").and_then(|n| {
        let text = reader.text(n)?;
        match Template::compile(text, scope) {
            Ok(template) => Some(template),
            Err(errors) => {
                for error in errors {
                    reader.faults.push(Fault::in_scalar(error, n, reader.source, 0));
                }
                None
            }
        }
    });
    let description = fields.get("description").and_then(|n| reader.text(n)).unwrap_or_default().to_owned();
    let include_unimportant = match fields.get("includeUnimportant") {
        Some(n) if on != On::Finding => {
            reader.fail_at(n, "`includeUnimportant` is for rules `on: finding`", None);
            false
        }
        Some(n) => reader.choice(n, &[("true", true), ("false", false)]).unwrap_or(false),
        None => false,
    };
    Some((
        Rule {
            id: id.to_owned(),
            on,
            when: when?,
            outcome: outcome?,
            description,
            message,
            include_unimportant,
            place: when_place,
        },
        id_node,
    ))
}

pub(super) const fn scope(on: On) -> &'static ObjectType {
    match on {
        On::Finding => &FINDING_SCOPE,
        On::Package => &PACKAGE_SCOPE,
        On::Image => &IMAGE_SCOPE,
        On::Report => &REPORT_SCOPE,
    }
}

fn condition(reader: &mut Reader<'_>, node: &Node, scope: &'static ObjectType) -> Option<Program> {
    let text = reader.text(node)?;
    match Program::condition(text, scope) {
        Ok(program) => Some(program),
        Err(errors) => {
            for error in errors {
                reader.faults.push(Fault::in_scalar(error, node, reader.source, 0));
            }
            None
        }
    }
}

fn exception(reader: &mut Reader<'_>, node: &Node) -> Option<Exception> {
    let fields = reader.fields(node, "an exception", &["id", "package", "when", "owner", "reason", "expires"]);
    let ids = fields.get("id").map(|n| reader.texts(n)).unwrap_or_default();
    let package_node = fields.get("package");
    let packages = package_node.map(|n| reader.texts(n)).unwrap_or_default();
    if let Some(bad) = packages.iter().find(|p| crate::purl::Purl::parse(p).is_none()) {
        reader.fail_at(
            package_node.unwrap_or(node),
            format!("`{bad}` is not a package URL"),
            Some("write `pkg:TYPE/NAME`, such as `pkg:npm/lodash` or `pkg:deb/debian/*`"),
        );
    }
    let when_node = fields.get("when");
    let when = when_node.and_then(|n| condition(reader, n, &FINDING_SCOPE));
    if fields.get("id").is_none() && package_node.is_none() && when_node.is_none() {
        reader.fail_at(
            node,
            "an exception without `id`, `package` or `when` would cover everything",
            Some("say which findings it is for"),
        );
    }
    let mut word = |key: &str| {
        let node = fields.require(reader, key)?;
        let text = reader.text(node)?.trim().to_owned();
        if text.is_empty() {
            reader.fail_at(node, format!("`{key}` of an exception must say something"), None);
        }
        Some(text)
    };
    let (owner, reason) = (word("owner"), word("reason"));
    let expires = fields.require(reader, "expires").and_then(|n| {
        let text = reader.text(n)?;
        match text.parse::<Date>() {
            Ok(date) if text.len() == 10 => Some(date),
            _ => {
                reader.fail_at(
                    n,
                    format!("`{text}` is not a date"),
                    Some("write it as YYYY-MM-DD: the last day on which the exception holds"),
                );
                None
            }
        }
    });
    let place = reader.place(node);
    if when_node.is_some() && when.is_none() {
        return None;
    }
    Some(Exception { ids, packages, when, owner: owner?, reason: reason?, expires: expires?, place })
}

/// The section of the runtime policy: it has its place, and nothing can be written into it yet.
pub(super) fn is_kebab(id: &str) -> bool {
    !id.is_empty()
        && id.len() <= 100
        && id
            .split('-')
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
}
