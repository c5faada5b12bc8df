//! One file per command.

mod db;
mod diff;
mod explain;
mod guard;
mod judge;
mod man;
mod outputs;
mod policy;
mod reference;
mod rules;
mod sbom;
mod scan;
mod target;
mod version;
mod watch;

use anyhow::Result;
use clap::CommandFactory;

use crate::Exit;
use crate::cli::{Cli, Command};
use crate::printer::Printer;

/// Runs a command.
pub(crate) fn run(command: Command, printer: &mut Printer) -> Result<Exit> {
    match command {
        Command::Scan(arguments) => scan::run(&arguments, printer),
        Command::Sbom(arguments) => sbom::run(&arguments, printer),
        Command::Diff(arguments) => diff::run(&arguments, printer),
        Command::Explain(arguments) => explain::run(&arguments, printer),
        Command::Db(command) => db::run(command, printer),
        Command::Policy(command) => policy::run(command, printer),
        Command::Guard(arguments) => guard::run(&arguments, printer),
        Command::Watch(arguments) => watch::run(&arguments, printer),
        Command::Rules(command) => rules::run(command, printer),
        Command::Version(command) => version::run(command),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "seawall", &mut script);
            outputs::stdout(&script)?;
            Ok(Exit::Allow)
        }
        Command::Man { folder } => man::run(folder.as_deref(), printer),
        Command::Reference { folder, check } => reference::run(&folder, check, printer),
    }
}
