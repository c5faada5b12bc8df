//! The one binary: what was typed becomes calls of the rooms, and their answers become output and an exit code.
#![forbid(unsafe_code)]

mod cli;
mod commands;
mod options;
mod printer;
mod progress;

use std::process::ExitCode;

use clap::Parser;

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
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers; everything else is a mistake in how Seawall was called.
            let asked = !error.use_stderr();
            let _ = error.print();
            return ExitCode::from(if asked { Exit::Allow } else { Exit::Error } as u8);
        }
    };
    let mut printer = printer::Printer::new(cli.quiet, cli.verbose);
    let exit = match commands::run(cli.command, &mut printer) {
        Ok(exit) => exit,
        Err(error) if is_broken_pipe(&error) => Exit::Allow,
        Err(error) => {
            printer.error(&error);
            Exit::Error
        }
    };
    ExitCode::from(exit as u8)
}

/// Whoever reads the output has seen enough.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |e: &std::io::Error| e.kind() == std::io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref().is_some_and(broken))
}
