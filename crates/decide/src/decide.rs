use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::Offset;
use seawall_model::{Finding, Outcome, Package, Reason, Report, SuppressedBy, Verdict, WhyNot};

use crate::bundle::{Bundle, Exception, On, Rule, Unknowns};
use crate::cel::{Budget, EvalError};
use crate::facts::Facts;
use crate::schema::{Object, Root, World};
use crate::{glob, purl};

/// Steps of evaluation that one rule may take: so many at least, and so many for each subject.
const STEPS: u64 = 10_000_000;
const STEPS_PER_SUBJECT: u64 = 1_000;
/// Subjects named in one reason; the message has the number of all.
const MAX_SUBJECTS: usize = 1_000;

/// Findings that exceptions cover, by their index in the report.
type Excused = BTreeMap<usize, SuppressedBy>;

/// What a policy says of a report.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The outcome, and every rule that spoke.
    pub verdict: Verdict,
    /// The findings that exceptions cover, by their index in the report, and what covers them. No rule speaks about them.
    pub suppressed: Vec<(usize, SuppressedBy)>,
}

impl Decision {
    /// Notes in the findings what suppresses them, and counts them in [`Report::hidden`]; the verdict goes in as well.
    pub fn apply(self, report: &mut Report) {
        for (index, by) in self.suppressed {
            if let Some(finding) = report.findings.get_mut(index) {
                finding.suppressed = Some(by);
            }
        }
        report.hidden.suppressed = report.findings.iter().filter(|f| f.suppressed.is_some()).count();
        report.verdict = self.verdict;
    }
}

impl Bundle {
    /// Decides over a report; the verdict that is in it is ignored. Equal input gives an equal decision.
    pub fn decide(&self, report: &Report, facts: &Facts) -> Decision {
        let today = Offset::UTC.to_datetime(facts.now()).date();
        let mut reasons = Vec::new();
        let mut spoken = BTreeSet::new();
        let parts = if self.parts.is_empty() { std::slice::from_ref(self) } else { self.parts.as_slice() };
        let excused: Vec<Excused> =
            parts.iter().map(|part| part.suppress(report, facts, today, &mut reasons)).collect();
        let mut suppressed: Excused = BTreeMap::new();
        for part in &excused {
            for (index, by) in part {
                suppressed.entry(*index).or_insert_with(|| by.clone());
            }
        }
        for (part, own) in parts.iter().zip(&excused) {
            let own = if part.excused_by_others { &suppressed } else { own };
            let hidden: Vec<bool> = (0..report.findings.len()).map(|index| own.contains_key(&index)).collect();
            let world = World::new(report, facts, &hidden);
            let mut held = BTreeSet::new();
            for rule in &part.rules {
                reasons.extend(ask(rule, &world, &hidden, &mut held));
            }
            spoken.extend(held);
        }
        // What one bundle excepts and another's rule speaks about still counts.
        suppressed.retain(|index, _| !spoken.contains(index));
        if !report.inventory.unknowns.is_empty() && self.unknowns != Unknowns::Accept {
            let unknowns = &report.inventory.unknowns;
            reasons.push(Reason {
                rule: "unknowns".to_owned(),
                outcome: if self.unknowns == Unknowns::Deny { Outcome::Deny } else { Outcome::Warn },
                message: format!(
                    "{} could not be read",
                    count(unknowns.len(), "part of the target", "parts of the target")
                ),
                subjects: subjects(unknowns.iter().map(|u| u.path.clone())),
            });
        }
        reasons.extend(not_looked_for(report));
        // Stable: within an outcome the rules stay in the order of the policy.
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.outcome));
        let outcome = reasons.iter().map(|reason| reason.outcome).max().unwrap_or_default();
        let verdict = Verdict {
            outcome,
            policy: self.name.clone(),
            reasons,
            accepts_unknowns: self.unknowns == Unknowns::Accept,
        };
        Decision { verdict, suppressed: suppressed.into_iter().collect() }
    }

    fn suppress(&self, report: &Report, facts: &Facts, today: Date, reasons: &mut Vec<Reason>) -> Excused {
        let mut suppressed = Excused::new();
        if self.exceptions.is_empty() {
            return suppressed;
        }
        let world = World::new(report, facts, &[]);
        for exception in &self.exceptions {
            let steps = STEPS + STEPS_PER_SUBJECT.saturating_mul(report.findings.len().try_into().unwrap_or(u64::MAX));
            let budget = Budget::new(steps);
            let mut covered = Vec::new();
            let mut first_error = None;
            for (index, finding) in report.findings.iter().enumerate() {
                if finding.suppressed.is_some() {
                    continue;
                }
                match covers(exception, &world, finding, &budget) {
                    Ok(true) => covered.push(index),
                    Ok(false) => {}
                    Err(error) => {
                        first_error.get_or_insert(error);
                    }
                }
            }
            if let Some(error) = first_error {
                reasons.push(Reason {
                    rule: "exception-error".to_owned(),
                    outcome: Outcome::Warn,
                    message: format!(
                        "the exception at {} could not be evaluated and covers nothing there: {}",
                        exception.place, error.message
                    ),
                    subjects: Vec::new(),
                });
            }
            if today > exception.expires {
                let Some(outcome) = self.expired else { continue };
                let named = name(exception);
                reasons.push(Reason {
                    rule: "exception-expired".to_owned(),
                    outcome,
                    message: format!(
                        "the exception for {named} ({}) expired on {} and covers {} no longer",
                        exception.owner,
                        exception.expires,
                        count(covered.len(), "finding", "findings")
                    ),
                    subjects: subjects(covered.iter().filter_map(|i| report.findings.get(*i)).map(subject)),
                });
                continue;
            }
            for index in covered {
                suppressed.entry(index).or_insert_with(|| SuppressedBy {
                    by: "exception".to_owned(),
                    statement: exception.reason.clone(),
                    author: format!("{} ({})", exception.owner, exception.place),
                    expires: Some(exception.expires.to_string()),
                });
            }
        }
        suppressed
    }
}

/// What was wanted and not looked for for want of a database is never plainly allowed, whatever the policy accepts.
fn not_looked_for(report: &Report) -> Option<Reason> {
    let missing = report.not_looked_for.iter().filter(|n| n.why == WhyNot::NoDatabase);
    let kinds: Vec<&str> = missing.map(|n| n.kind.name()).collect();
    (!kinds.is_empty()).then(|| Reason {
        rule: "not-looked-for".to_owned(),
        outcome: Outcome::Warn,
        message: format!("without an advisory database nothing was looked for of {}", kinds.join(", ")),
        subjects: Vec::new(),
    })
}

fn name(exception: &Exception) -> String {
    let mut names: Vec<&str> = exception.ids.iter().chain(&exception.packages).map(String::as_str).collect();
    if names.is_empty() {
        names.push("a condition");
    }
    names.join(", ")
}

fn covers(exception: &Exception, world: &World<'_>, finding: &Finding, budget: &Budget) -> Result<bool, EvalError> {
    let ids = || std::iter::once(&finding.id).chain(&finding.aliases).chain(std::iter::once(&finding.advisory));
    let by_id =
        exception.ids.is_empty() || exception.ids.iter().any(|pattern| ids().any(|id| glob::matches(pattern, id)));
    let by_package = exception.packages.is_empty()
        || finding.package.as_ref().is_some_and(|p| exception.packages.iter().any(|s| purl::purl_matches(s, &p.purl)));
    if !by_id || !by_package {
        return Ok(false);
    }
    match &exception.when {
        Some(when) => when.holds(Object::Root(&Root { world, finding: Some(finding), package: None }), budget),
        None => Ok(true),
    }
}

/// What a rule found: the subjects that it holds for, the first message, and the first error.
#[derive(Default)]
struct Spoken {
    number: usize,
    subjects: BTreeSet<String>,
    message: Option<String>,
    failed: usize,
    error: Option<EvalError>,
}

impl Spoken {
    /// Whether it holds, or could not be evaluated, which counts as much.
    fn ask(&mut self, rule: &Rule, root: &Root<'_>, budget: &Budget, subject: impl FnOnce() -> Option<String>) -> bool {
        match rule.when.holds(Object::Root(root), budget) {
            Ok(false) => return false,
            Ok(true) => {
                self.number += 1;
                if self.message.is_none() {
                    self.message = rule.message.as_ref().map(|template| template.render(Object::Root(root), budget));
                }
            }
            Err(error) => {
                self.failed += 1;
                self.error.get_or_insert(error);
            }
        }
        self.subjects.extend(subject());
        true
    }
}

/// Asks a rule; the findings that it speaks about are added to `held`.
fn ask(rule: &Rule, world: &World<'_>, suppressed: &[bool], held: &mut BTreeSet<usize>) -> Option<Reason> {
    let report = world.report;
    let number = match rule.on {
        On::Finding => report.findings.len(),
        On::Package => report.inventory.packages.len(),
        On::Image | On::Report => 1,
    };
    let budget =
        Budget::new(STEPS.saturating_add(STEPS_PER_SUBJECT.saturating_mul(number.try_into().unwrap_or(u64::MAX))));
    let mut spoken = Spoken::default();
    match rule.on {
        On::Finding => {
            for (index, (finding, suppressed)) in report.findings.iter().zip(suppressed).enumerate() {
                let counts =
                    !suppressed && finding.suppressed.is_none() && (!finding.unimportant || rule.include_unimportant);
                if counts {
                    let root = Root { world, finding: Some(finding), package: None };
                    if spoken.ask(rule, &root, &budget, || Some(subject(finding))) {
                        held.insert(index);
                    }
                }
            }
        }
        On::Package => {
            for package in &report.inventory.packages {
                let root = Root { world, finding: None, package: Some(package) };
                spoken.ask(rule, &root, &budget, || Some(Package::purl(package)));
            }
        }
        On::Image if report.inventory.config.is_none() => {}
        On::Image | On::Report => {
            let root = Root { world, finding: None, package: None };
            spoken.ask(rule, &root, &budget, || None);
        }
    }
    let message = message(rule, &spoken)?;
    Some(Reason { rule: rule.id.clone(), outcome: rule.outcome, message, subjects: subjects(spoken.subjects) })
}

fn message(rule: &Rule, spoken: &Spoken) -> Option<String> {
    let what = match rule.on {
        On::Finding => ("finding", "findings"),
        On::Package => ("package", "packages"),
        On::Image => ("image", "images"),
        On::Report => ("report", "reports"),
    };
    if let Some(error) = &spoken.error {
        let several =
            if spoken.failed > 1 { format!(" for {}", count(spoken.failed, what.0, what.1)) } else { String::new() };
        let held = if spoken.number > 0 {
            format!("; it holds for {}", count(spoken.number, what.0, what.1))
        } else {
            String::new()
        };
        return Some(format!(
            "the condition at {} could not be evaluated{several}, which counts as {}: {}{held}",
            rule.place, rule.outcome, error.message
        ));
    }
    let more = spoken.number.checked_sub(1)?;
    let single = matches!(rule.on, On::Image | On::Report);
    Some(match (&spoken.message, rule.description.is_empty()) {
        (Some(message), _) if more == 0 => message.clone(),
        (Some(message), _) => format!("{message} (and {more} more)"),
        (None, false) if single => rule.description.clone(),
        (None, false) => format!("{}: {}", count(spoken.number, what.0, what.1), rule.description),
        (None, true) if single => format!("`{}` holds", rule.id),
        (None, true) => format!("`{}` holds for {}", rule.id, count(spoken.number, what.0, what.1)),
    })
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn subject(finding: &Finding) -> String {
    match &finding.package {
        Some(package) => format!("{} in {}", finding.id, package.purl),
        None if finding.location.path.is_empty() => finding.id.clone(),
        None => format!("{} in {}", finding.id, finding.location.path),
    }
}

fn subjects(items: impl IntoIterator<Item = String>) -> Vec<String> {
    let sorted: BTreeSet<String> = items.into_iter().collect();
    sorted.into_iter().take(MAX_SUBJECTS).collect()
}
