use seawall_advisory::{Database, StoreError};
use seawall_decide::{Bundle, Facts};
use seawall_detect::NOT_BUILT;
use seawall_model::{
    DatabaseInfo, FindingKind, FixPlan, Hidden, Inventory, NotLookedFor, Report, ToolInfo, Verdict, VexStatement,
    WhyNot,
};

use crate::{EngineError, Progress, Stage};

/// What an inventory is judged by. The time is an input: equal input gives an equal report.
#[derive(Debug)]
pub struct Judge<'a> {
    /// The advisories; without them nothing is matched, and the report says so.
    pub database: Option<&'a Database>,
    /// The policy.
    pub policy: &'a Bundle,
    /// VEX statements.
    pub vex: &'a [VexStatement],
    /// The kinds of findings that are wanted; `None` means all.
    pub kinds: Option<&'a [FindingKind]>,
    /// The date of today, `YYYY-MM-DD`.
    pub today: &'a str,
    /// What the policy may know beside the report: the time, and what the caller states.
    pub facts: &'a Facts,
    /// Written into the report as its time, where that is wanted (RFC 3339).
    pub created: Option<String>,
    /// Whether unimportant findings are listed too.
    pub show_all: bool,
    /// Which Seawall this is.
    pub tool: ToolInfo,
}

impl Judge<'_> {
    /// Inventory to report: detection, suppression by VEX and exceptions, fix plan, verdict.
    ///
    /// # Errors
    /// Where the database is damaged.
    pub fn judge(&self, mut inventory: Inventory, progress: &dyn Progress) -> Result<Report, EngineError> {
        progress.report(Stage::Matching);
        let mut findings = Vec::new();
        if let Some(database) = self.database {
            let detection = seawall_detect::detect(&inventory, database, self.today)?;
            findings = detection.findings;
            inventory.unknowns.extend(detection.unknowns);
            inventory.unknowns.sort();
        }
        if let Some(kinds) = self.kinds {
            findings.retain(|f| kinds.contains(&f.kind));
        }
        seawall_decide::apply_vex(&mut findings, self.vex, &inventory);
        let mut report = Report {
            tool: self.tool.clone(),
            inventory,
            findings,
            hidden: Hidden::default(),
            fix_plan: FixPlan::default(),
            verdict: Verdict::default(),
            not_looked_for: self.not_looked_for(),
            database: self.database.map(|d| database_info(d, self.today)).transpose()?,
            created: self.created.clone(),
            show_all: self.show_all,
        };
        self.policy.decide(&report, self.facts).apply(&mut report);
        report.hidden = seawall_detect::hidden(&report.findings);
        report.fix_plan = seawall_detect::fix_plan(&report.inventory, &report.findings);
        Ok(report)
    }

    /// What this judge does not look for, and why.
    fn not_looked_for(&self) -> Vec<NotLookedFor> {
        let mut list = Vec::new();
        for kind in FindingKind::ALL {
            let not_built = NOT_BUILT.iter().find(|(built, _)| *built == kind).map(|(_, part)| *part);
            let mut push = |part: Option<&str>, why| {
                list.push(NotLookedFor { kind, part: part.map(str::to_owned), why });
            };
            match not_built {
                Some(None) => push(None, WhyNot::NotBuilt),
                _ if self.kinds.is_some_and(|kinds| !kinds.contains(&kind)) => push(None, WhyNot::NotAsked),
                _ if self.database.is_none() => push(None, WhyNot::NoDatabase),
                Some(part) => push(part, WhyNot::NotBuilt),
                None => {}
            }
        }
        list
    }
}

/// Feeds hold dates that lie ahead by mistake: they must not make the whole look fresh.
fn database_info(database: &Database, today: &str) -> Result<DatabaseInfo, StoreError> {
    let info = database.info()?.on(today);
    Ok(DatabaseInfo {
        digest: info.digest.to_string(),
        advisories: info.counts.advisories,
        newest: Some(info.newest).filter(|day| !day.is_empty()),
    })
}
