mod digests;
mod network;
mod path_pattern;
mod programs;
mod read;
mod responses;
mod runtime;
mod sugar;

use jiff::civil::Date;
use seawall_model::{Outcome, Severity};

use crate::cel::Program;
use crate::diagnostic::{Fault, PolicyError};
use crate::template::Template;

pub use network::{AddressRange, NetworkProtocol, NetworkRule};
pub use path_pattern::{PathPart, PathPattern};
pub use programs::{FileAccess, FileRule, ProgramRule};
pub use responses::{ResponsePolicy, RuntimeResponse};
pub use runtime::{ContainerSelector, RuntimeDenial, RuntimeMode, RuntimePolicy};

/// Largest bundle, in bytes.
const MAX_TEXT: usize = 1024 * 1024;

/// A policy: rules and dated exceptions, parsed and type-checked.
///
/// Every condition in it was checked against the declared variables: a bundle that names a field that is not there does
/// not load. docs/reference/policy.md says what can be written.
#[derive(Debug)]
pub struct Bundle {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) unknowns: Unknowns,
    pub(crate) expired: Option<Outcome>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) exceptions: Vec<Exception>,
    pub(crate) runtime: Vec<RuntimePolicy>,
    /// The bundles that this one joins ([`Bundle::merge`]); empty where it was loaded from one file. Then it has neither
    /// rules nor exceptions of its own.
    pub(crate) parts: Vec<Bundle>,
    /// Whether the exceptions of the bundles beside it hold for its rules too: it is no file, and could not have its own.
    pub(crate) excused_by_others: bool,
}

/// What an unreadable part of the target means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unknowns {
    Accept,
    Warn,
    Deny,
}

/// What a rule is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    /// Each finding that counts.
    Finding,
    /// Each package.
    Package,
    /// The image, once; not asked where the target is none.
    Image,
    /// Everything, once.
    Report,
}

#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) on: On,
    pub(crate) when: Program,
    pub(crate) outcome: Outcome,
    pub(crate) description: String,
    pub(crate) message: Option<Template>,
    pub(crate) include_unimportant: bool,
    /// File and line of the condition, for errors while it is evaluated.
    pub(crate) place: String,
}

#[derive(Debug)]
pub(crate) struct Exception {
    /// Patterns of ids; empty means every finding.
    pub(crate) ids: Vec<String>,
    /// Patterns of purls; empty means every finding.
    pub(crate) packages: Vec<String>,
    pub(crate) when: Option<Program>,
    pub(crate) owner: String,
    pub(crate) reason: String,
    /// The last day on which it holds.
    pub(crate) expires: Date,
    pub(crate) place: String,
}

impl Bundle {
    /// Reads a bundle; `file` is the name that faults are shown with.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it: text that is not YAML, unknown and doubled keys, conditions that do not parse or
    /// whose types do not fit, rule ids that are there twice, exceptions without owner, reason or expiry.
    pub fn load(file: &str, text: &str) -> Result<Self, PolicyError> {
        if text.len() > MAX_TEXT {
            let fault = Fault::new(0, 1, format!("a policy has at most {MAX_TEXT} bytes, this one has {}", text.len()));
            return Err(PolicyError::new(file, text, vec![fault]));
        }
        read::bundle(file, text).map_err(|faults| PolicyError::new(file, text, faults))
    }

    /// The policy that holds where none is given ([`Bundle::DEFAULT`]).
    pub fn default_bundle() -> Self {
        // A bundle that denies everything stands in for one that does not load: an error never means allow.
        Self::load("default.yaml", Self::DEFAULT).unwrap_or_else(|error| Self::refusing(&error))
    }

    /// The text of the default policy: malicious packages and known exploited vulnerabilities with a fix are denied;
    /// high and critical ones with a fix and an operating system past its end of life are warned of.
    pub const DEFAULT: &'static str = include_str!("default.yaml");

    /// The policy of `--fail-on`: each finding that counts and is at least this severe is denied.
    pub fn fail_on(severity: Severity) -> Self {
        let text = format!("apiVersion: seawall/v1\nname: fail-on-{severity}\nthresholds: {{ failOn: {severity} }}\n");
        let bundle = Self::load("--fail-on", &text).unwrap_or_else(|error| Self::refusing(&error));
        Self { excused_by_others: true, ..bundle }
    }

    fn refusing(error: &PolicyError) -> Self {
        let mut bundle = Self {
            name: error.file.clone(),
            description: String::new(),
            unknowns: Unknowns::Deny,
            expired: Some(Outcome::Deny),
            rules: Vec::new(),
            exceptions: Vec::new(),
            runtime: Vec::new(),
            parts: Vec::new(),
            excused_by_others: false,
        };
        if let Ok(when) = Program::condition("true", &crate::schema::REPORT_SCOPE) {
            bundle.rules.push(Rule {
                id: "policy-error".to_owned(),
                on: On::Report,
                when,
                outcome: Outcome::Deny,
                description: error.to_string(),
                message: None,
                include_unimportant: false,
                place: error.file.clone(),
            });
        }
        bundle
    }

    /// Several bundles as one: every rule speaks as `bundle/rule`, an exception holds for the rules of its own bundle
    /// only, and the strictest word on unknowns and on expired exceptions counts. [`Bundle::fail_on`] has no exceptions of
    /// its own, and those of every other bundle hold for it.
    ///
    /// # Errors
    ///
    /// Two bundles with one name; the name is given.
    pub fn merge(mut bundles: Vec<Self>) -> Result<Self, String> {
        if bundles.len() <= 1 {
            return Ok(bundles.pop().unwrap_or_else(Self::default_bundle));
        }
        let mut names: Vec<&str> = Vec::new();
        for bundle in &bundles {
            if names.contains(&bundle.name.as_str()) {
                return Err(bundle.name.clone());
            }
            names.push(&bundle.name);
        }
        let name = names.join(" + ");
        let unknowns = bundles.iter().map(|b| b.unknowns).max().unwrap_or(Unknowns::Deny);
        let expired = bundles.iter().map(|b| b.expired).max().flatten();
        for bundle in &mut bundles {
            for rule in &mut bundle.rules {
                rule.id = format!("{}/{}", bundle.name, rule.id);
            }
            bundle.expired = expired;
        }
        Ok(Self {
            name,
            description: String::new(),
            unknowns,
            expired,
            rules: Vec::new(),
            exceptions: Vec::new(),
            runtime: Vec::new(),
            parts: bundles,
            excused_by_others: false,
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is for, as it says itself.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Id and outcome of each rule, in order; those that thresholds and licences stand for are among them.
    pub fn rules(&self) -> impl Iterator<Item = (&str, Outcome)> {
        let all = self.parts.iter().flat_map(|part| &part.rules).chain(&self.rules);
        all.map(|rule| (rule.id.as_str(), rule.outcome))
    }
}
