//! `seawall sbom`.

use anyhow::{Context, Result};
use jiff::Timestamp;
use seawall_model::{FixPlan, Hidden, Report, Verdict};

use super::{judge, outputs, target};
use crate::Exit;
use crate::cli::SbomArgs;
use crate::printer::Printer;
use crate::progress::Line;

pub(crate) fn run(arguments: &SbomArgs, printer: &Printer) -> Result<Exit> {
    let outputs = outputs::parse(&arguments.output, "cyclonedx-json");
    outputs::check(&outputs)?;
    #[allow(clippy::disallowed_methods, reason = "this is the edge: an SBOM with a time was asked for")]
    let now = Timestamp::try_from(std::time::SystemTime::now()).context("the clock of this machine is off")?;
    let inventory = {
        let progress = Line::new(printer.shows_progress());
        target::inventory(&arguments.target, &arguments.read, printer, &progress)?
    };
    let incomplete = !inventory.unknowns.is_empty();
    let report = Report {
        tool: judge::tool(),
        inventory,
        findings: Vec::new(),
        hidden: Hidden::default(),
        fix_plan: FixPlan::default(),
        verdict: Verdict::default(),
        not_looked_for: Vec::new(),
        database: None,
        created: arguments.with_time.then(|| judge::whole_seconds(now)),
        show_all: false,
    };
    outputs::write(&report, &outputs, true, printer)?;
    for unknown in report.inventory.unknowns.iter().take(5) {
        printer.warning(&format!("{}: {}", unknown.path, unknown.reason));
    }
    Ok(if incomplete { Exit::Incomplete } else { Exit::Allow })
}
