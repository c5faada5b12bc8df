//! Database, policy, VEX and the date: what an inventory is judged by.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use seawall_advisory::{Database, read_vex};
use seawall_decide::{Bundle, Facts};
use seawall_engine::{Judge, NOT_BUILT, Progress};
use seawall_io::read_bounded;
use seawall_model::{FindingKind, Inventory, Outcome, Report, ToolInfo, VexStatement};

use crate::Exit;
use crate::cli::{GateArgs, JudgeArgs};
use crate::options;
use crate::printer::Printer;

/// Policies and VEX documents larger than this are refused.
const MAX_DOCUMENT: u64 = 64 << 20;

/// All that judging needs, loaded before anything is scanned.
pub(crate) struct Judging {
    pub(crate) database: Option<Database>,
    pub(crate) policy: Bundle,
    vex: Vec<VexStatement>,
    kinds: Option<Vec<FindingKind>>,
    today: String,
    facts: Facts,
    now: Timestamp,
}

impl Judging {
    pub(crate) fn load(arguments: &JudgeArgs, gate: &GateArgs, printer: &Printer) -> Result<Self> {
        #[allow(clippy::disallowed_methods, reason = "this is the edge: the one place that reads the clock")]
        let now = Timestamp::try_from(std::time::SystemTime::now()).context("the clock of this machine is off")?;
        let at = match &arguments.today {
            Some(date) => date.clone(),
            None => now.to_string(),
        };
        let facts = Facts::at(&at).with_context(|| format!("`{at}` is not a date (YYYY-MM-DD)"))?;
        let kinds: Vec<FindingKind> = gate.detect.iter().map(|k| FindingKind::from(*k)).collect();
        for kind in &kinds {
            if NOT_BUILT.contains(&(*kind, None)) {
                bail!("findings of kind `{}` are not looked for yet (docs/limits.md)", kind.name());
            }
        }
        let vex = arguments.vex.iter().map(|p| vex(p, printer)).collect::<Result<Vec<_>>>()?;
        Ok(Self {
            database: database(arguments.db.as_deref(), printer)?,
            policy: policy(arguments, gate)?,
            vex: vex.into_iter().flatten().collect(),
            kinds: Some(kinds).filter(|k| !k.is_empty()),
            today: at.chars().take(10).collect(),
            facts,
            now,
        })
    }

    pub(crate) fn judge(
        &self,
        inventory: Inventory,
        show_all: bool,
        with_time: bool,
        progress: &dyn Progress,
    ) -> Result<Report> {
        let judge = Judge {
            database: self.database.as_ref(),
            policy: &self.policy,
            vex: &self.vex,
            kinds: self.kinds.as_deref(),
            today: &self.today,
            facts: &self.facts,
            created: with_time.then(|| whole_seconds(self.now)),
            show_all,
            tool: tool(),
        };
        Ok(judge.judge(inventory, progress)?)
    }
}

impl Judging {
    /// What the policy says of a report, as it stands.
    pub(crate) fn decide(&self, report: &Report) -> seawall_model::Verdict {
        self.policy.decide(report, &self.facts).verdict
    }
}

/// The time of a report, to the second.
pub(crate) fn whole_seconds(now: Timestamp) -> String {
    let text = now.to_string();
    match text.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => text,
    }
}

/// Which Seawall this is.
pub(crate) fn tool() -> ToolInfo {
    ToolInfo { name: "seawall".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }
}

/// The exit code of a report: deny outweighs all; without a database, or with unreadable parts that the policy does
/// not excuse, the answer is incomplete.
pub(crate) fn exit(report: &Report) -> Exit {
    if report.verdict.outcome == Outcome::Deny {
        return Exit::Deny;
    }
    if report.is_complete() { Exit::Allow } else { Exit::Incomplete }
}

/// The database that was named, or the one in the cache folder if there is one.
fn database(named: Option<&Path>, printer: &Printer) -> Result<Option<Database>> {
    let path: PathBuf = match named {
        Some(path) => path.to_owned(),
        None => match options::default_database() {
            Ok(path) if path.exists() => path,
            _ => {
                printer.warning(
                    "no advisory database: packages are listed, vulnerabilities are not looked for\n\
                     hint: seawall db update fetches one; seawall db import FILE takes one that was carried over",
                );
                return Ok(None);
            }
        },
    };
    Database::open(&path).map(Some).with_context(|| format!("cannot open the database {}", path.display()))
}

fn policy(arguments: &JudgeArgs, gate: &GateArgs) -> Result<Bundle> {
    let mut bundles = arguments.policy.iter().map(|p| bundle(p)).collect::<Result<Vec<_>>>()?;
    if let Some(severity) = gate.fail_on {
        bundles.push(Bundle::fail_on(severity));
    }
    Bundle::merge(bundles).map_err(|name| anyhow::anyhow!("two policies are called `{name}`"))
}

/// Loads one bundle; one that does not load is never an allow.
pub(crate) fn bundle(path: &Path) -> Result<Bundle> {
    let text = text(path)?;
    Ok(Bundle::load(&path.display().to_string(), &text)?)
}

/// A text file, bounded.
pub(crate) fn text(path: &Path) -> Result<String> {
    let bytes = read_bounded(path, MAX_DOCUMENT).with_context(|| format!("cannot read {}", path.display()))?;
    String::from_utf8(bytes).with_context(|| format!("{} is not UTF-8", path.display()))
}

fn vex(path: &Path, printer: &Printer) -> Result<Vec<VexStatement>> {
    let bytes = read_bounded(path, MAX_DOCUMENT).with_context(|| format!("cannot read {}", path.display()))?;
    let document = read_vex(&path.display().to_string(), &bytes)?;
    for reason in &document.skipped {
        printer.warning(&format!("{}: {reason}", path.display()));
    }
    Ok(document.statements)
}
