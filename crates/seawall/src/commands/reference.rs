//! The hidden `seawall reference`: pages that are made from the registries and from the command line's own tables.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use clap::{Command, CommandFactory};
use seawall_advisory::{SOURCES, Scheme};
use seawall_inspect::CATALOGERS;
use seawall_report::FORMATS;

use super::outputs;
use crate::Exit;
use crate::cli::Cli;
use crate::printer::Printer;

const NOTE: &str = "<!-- Made by `make reference`; do not edit. -->\n\n";

/// Writes the pages into `folder`, or says which are not up to date.
pub(crate) fn run(folder: &Path, check: bool, printer: &Printer) -> Result<Exit> {
    let mut stale = 0;
    for (name, text) in pages() {
        let path = folder.join(name);
        if check {
            if super::judge::text(&path).ok().as_deref() != Some(text.as_str()) {
                printer.warning(&format!("{} is not up to date\nhint: make reference", path.display()));
                stale += 1;
            }
        } else {
            outputs::to_file(&path, &mut |out| out.write_all(text.as_bytes()))
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    Ok(if stale == 0 { Exit::Allow } else { Exit::Deny })
}

fn pages() -> Vec<(&'static str, String)> {
    vec![
        ("cli.md", cli()),
        ("configuration.md", crate::config::page(&built(), NOTE)),
        ("catalogers.md", catalogers()),
        ("sources.md", sources()),
        ("formats.md", formats()),
        ("version-schemes.md", schemes()),
        ("rules-fields.md", format!("{NOTE}{}", seawall_rules::reference())),
    ]
}

fn cli() -> String {
    let mut out = format!("{NOTE}# Command line\n");
    page(&mut out, &built(), "seawall");
    out
}

fn built() -> Command {
    let mut command = Cli::command();
    command.build();
    command
}

fn page(out: &mut String, command: &Command, path: &str) {
    if command.is_hide_set() {
        return;
    }
    let _ = writeln!(out, "\n## `{path}`\n");
    let about = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
    let _ = writeln!(out, "{}\n", fenced(&about));
    for argument in command.get_arguments().filter(|a| !a.is_hide_set() && !a.is_global_set()) {
        let names = argument.get_value_names().unwrap_or_default();
        let value = names.iter().map(|n| n.as_str()).collect::<Vec<_>>().join(" ");
        let name = match (argument.get_long(), argument.get_short()) {
            (Some(long), Some(short)) => format!("-{short}, --{long}"),
            (Some(long), None) => format!("--{long}"),
            (None, Some(short)) => format!("-{short}"),
            (None, None) => argument.get_id().to_string().to_uppercase(),
        };
        if name == "-h, --help" {
            continue;
        }
        let takes = argument.get_action().takes_values() && argument.get_long().is_some();
        let value = if takes { format!(" {value}") } else { String::new() };
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let variable = argument.get_env().map(|e| format!(" (`{}`)", e.to_string_lossy())).unwrap_or_default();
        let _ = writeln!(out, "- `{name}{value}`: {}{variable}", help.replace('\n', " "));
    }
    for sub in command.get_subcommands() {
        page(out, sub, &format!("{path} {}", sub.get_name()));
    }
}

/// Examples in a help text keep their lines.
fn fenced(text: &str) -> String {
    match text.split_once("Examples:\n") {
        Some((before, examples)) => {
            format!("{before}\n```sh\n{}\n```", examples.replace("  seawall", "seawall").trim())
        }
        None => text.to_owned(),
    }
}

fn catalogers() -> String {
    let mut out = format!("{NOTE}# Catalogers\n\nWhat the pass over a target looks at, in this order.\n\n");
    out.push_str("| id | version | reads | specification |\n|---|---|---|---|\n");
    for c in CATALOGERS {
        let _ = writeln!(out, "| `{}` | {} | {} | <{}> |", c.id(), c.version(), c.about(), c.specification());
    }
    out
}

fn sources() -> String {
    let mut out = format!("{NOTE}# Advisory sources\n\nThe feeds that `seawall db build` reads.\n\n");
    out.push_str("| id | version | holds | documentation |\n|---|---|---|---|\n");
    for s in SOURCES {
        let _ = writeln!(out, "| `{}` | {} | {} | <{}> |", s.id(), s.version(), s.about(), s.docs());
    }
    out
}

fn formats() -> String {
    let mut out = format!("{NOTE}# Formats\n\n`-o FORMAT[=FILE]`, repeatable.\n\n");
    out.push_str("| format | for | media type | specification |\n|---|---|---|---|\n");
    for f in FORMATS {
        let specification = if f.specification().is_empty() { "" } else { &format!("<{}>", f.specification()) };
        let _ = writeln!(out, "| `{}` | {} | `{}` | {specification} |", f.id(), f.about(), f.media_type());
    }
    out
}

fn schemes() -> String {
    let mut out = format!("{NOTE}# Version schemes\n\nFor `seawall version compare SCHEME A B`.\n\n");
    for scheme in Scheme::ALL {
        let _ = writeln!(out, "- `{}`", scheme.id());
    }
    out
}
