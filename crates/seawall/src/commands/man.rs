//! `seawall man`: manual pages, made from the command line's own table.

use std::path::Path;

use anyhow::{Context, Result};
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::outputs;
use crate::Exit;
use crate::cli::Cli;
use crate::printer::Printer;

/// What each exit code means; docs/reference/exit-codes.md says it at length.
const EXIT_CODES: [(&str, &str); 4] = [
    ("0", "The verdict allows, or the command did what it should."),
    ("1", "The verdict denies; explain says that it applies; a policy case fails."),
    ("2", "No answer: the target cannot be opened, a policy does not load, a wrong option, an id that is not known."),
    ("3", "Answered, but part of the target could not be read, or there was no advisory database."),
];

const FILES: [(&str, &str); 3] = [
    ("seawall.toml", "Settings, in the working directory."),
    ("~/.config/seawall/config.toml", "The user's settings, read where there is no seawall.toml."),
    ("~/.cache/seawall", "The advisory database and what layers gave; SEAWALL_CACHE moves it."),
];

/// Prints seawall(1), or writes the page of every command into `folder`.
pub(crate) fn run(folder: Option<&Path>, printer: &Printer) -> Result<Exit> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let Some(folder) = folder else {
        outputs::stdout(&page(&command, "seawall")?)?;
        return Ok(Exit::Allow);
    };
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut written = 0;
    for (name, bytes) in pages(&command, "seawall")? {
        outputs::to_file(&folder.join(format!("{name}.1")), &mut |out| out.write_all(&bytes))?;
        written += 1;
    }
    printer.note(&format!("wrote {written} pages into {}", folder.display()));
    Ok(Exit::Allow)
}

/// The pages of a command and of all below it, with their names: `seawall-db-update`.
fn pages(command: &Command, name: &str) -> Result<Vec<(String, Vec<u8>)>> {
    let mut all = vec![(name.to_owned(), page(command, name)?)];
    for sub in command.get_subcommands().filter(|c| !c.is_hide_set()) {
        all.extend(pages(sub, &format!("{name}-{}", sub.get_name()))?);
    }
    Ok(all)
}

fn page(command: &Command, name: &str) -> Result<Vec<u8>> {
    let man = Man::new(command.clone().display_name(name.to_owned()))
        .title(name.to_uppercase())
        .source(format!("seawall {}", env!("CARGO_PKG_VERSION")))
        .manual("Seawall");
    let mut out = Vec::new();
    man.render(&mut out)?;
    let mut more = Roff::new();
    section(&mut more, "EXIT STATUS", &EXIT_CODES);
    section(&mut more, "FILES", &FILES);
    more.to_writer(&mut out)?;
    Ok(out)
}

fn section(roff: &mut Roff, title: &str, entries: &[(&str, &str)]) {
    roff.control("SH", [title]);
    for (term, text) in entries {
        roff.control("TP", []).text([bold(*term)]).text([roman(*text)]);
    }
}
