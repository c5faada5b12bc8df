//! `seawall policy`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use seawall_decide::{CaseFile, run_cases};

use super::{judge, outputs};
use crate::Exit;
use crate::cli::PolicyCommand;
use crate::printer::Printer;

pub(crate) fn run(command: PolicyCommand, printer: &Printer) -> Result<Exit> {
    match command {
        PolicyCommand::Check { bundles } => check(&bundles, printer),
        PolicyCommand::Test { bundle, cases } => test(&bundle, &cases),
    }
}

fn check(bundles: &[PathBuf], printer: &Printer) -> Result<Exit> {
    let mut out = String::new();
    let mut exit = Exit::Allow;
    for path in bundles {
        match judge::bundle(path) {
            Ok(bundle) => {
                let _ = writeln!(out, "{}: {} with {} rules", path.display(), bundle.name(), bundle.rules().count());
            }
            Err(error) => {
                printer.error(&error);
                exit = Exit::Error;
            }
        }
    }
    outputs::stdout(out.as_bytes())?;
    Ok(exit)
}

fn test(path: &Path, files: &[PathBuf]) -> Result<Exit> {
    let bundle = judge::bundle(path)?;
    let beside = path.with_extension("cases.yaml");
    let files = if files.is_empty() { vec![beside] } else { files.to_vec() };
    let mut out = String::new();
    let (mut passed, mut failed) = (0, 0);
    for file in files {
        let cases = CaseFile::load(&file.display().to_string(), &judge::text(&file)?)?;
        let folder = file.parent().map(Path::to_owned).unwrap_or_default();
        let read = |name: &str| judge::text(&folder.join(name)).map_err(|e| format!("{e:#}"));
        for result in run_cases(&bundle, &cases, &read) {
            if result.failures.is_empty() {
                passed += 1;
                let _ = writeln!(out, "ok    {}", result.name);
            } else {
                failed += 1;
                let _ = writeln!(out, "FAIL  {}", result.name);
                for failure in &result.failures {
                    let _ = writeln!(out, "      {failure}");
                }
            }
        }
    }
    if passed + failed == 0 {
        bail!("there are no cases");
    }
    let _ = writeln!(out, "{passed} passed, {failed} failed");
    outputs::stdout(out.as_bytes())?;
    Ok(if failed == 0 { Exit::Allow } else { Exit::Deny })
}
