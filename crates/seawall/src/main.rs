//! The one binary: what was typed becomes calls of the rooms, and their answers become output and an exit code.
#![forbid(unsafe_code)]

mod cli;
mod commands;
mod config;
mod memory;
mod options;
mod printer;
mod progress;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

/// What a command came to (docs/reference/exit-codes.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The verdict allows, or the command did what it should.
    Allow = 0,
    /// The verdict denies.
    Deny = 1,
    /// Seawall could not answer.
    Error = 2,
    /// Answered, but part of the target could not be read.
    Incomplete = 3,
}

fn main() -> ExitCode {
    let (cli, note) = match parse() {
        Ok(parsed) => parsed,
        Err(Stop::Typed(error)) => {
            // Help and version are answers; everything else is a mistake in how Seawall was called.
            let asked = !error.use_stderr();
            let _ = error.print();
            return ExitCode::from(if asked { Exit::Allow } else { Exit::Error } as u8);
        }
        Err(Stop::Configuration(error)) => {
            printer::Printer::new(false, false).error(&error);
            return ExitCode::from(Exit::Error as u8);
        }
    };
    let mut printer = printer::Printer::new(cli.quiet, cli.verbose);
    match note {
        Some((text, true)) => printer.always(&text),
        Some((text, false)) => printer.detail(&text),
        None => {}
    }
    let exit = match commands::run(cli.command, &mut printer) {
        Ok(exit) => exit,
        Err(error) if is_broken_pipe(&error) => Exit::Allow,
        Err(error) => {
            printer.error(&error);
            Exit::Error
        }
    };
    if let Some(peak) = seawall_io::peak_resident() {
        printer.detail(&format!("peak memory {} KiB", peak >> 10));
    }
    ExitCode::from(exit as u8)
}

/// Why there is no command to run.
enum Stop {
    Typed(clap::Error),
    Configuration(anyhow::Error),
}

/// The command line, with the file's values where nothing is typed; and the line that says what the file sets.
fn parse() -> Result<(cli::Cli, Option<(String, bool)>), Stop> {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let mut command = cli::Cli::command();
    let typed = command.clone().try_get_matches_from(&arguments);
    let wanted = match &typed {
        Ok(matches) => matches.subcommand_name().is_some_and(|name| !cli::WITHOUT_CONFIGURATION.contains(&name)),
        // Help needs no file; what is missing may stand in it.
        Err(error) => error.use_stderr(),
    };
    let file = if wanted { config::find(&arguments) } else { None };
    let Some(file) = file else {
        let matches = typed.map_err(Stop::Typed)?;
        return cli::Cli::from_arg_matches(&matches).map(|cli| (cli, None)).map_err(Stop::Typed);
    };
    let applied;
    (command, applied) = config::apply(&file, command).map_err(Stop::Configuration)?;
    let matches = command.try_get_matches_from(&arguments).map_err(Stop::Typed)?;
    let mut path = Vec::new();
    let mut inner = &matches;
    while let Some((name, sub)) = inner.subcommand() {
        path.push(name);
        inner = sub;
    }
    let note = applied.note(&path);
    cli::Cli::from_arg_matches(&matches).map(|cli| (cli, note)).map_err(Stop::Typed)
}

/// Whoever reads the output has seen enough.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |e: &std::io::Error| e.kind() == std::io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref().is_some_and(broken))
}
