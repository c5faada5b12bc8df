//! docs/reference/configuration.md.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::Command;

use super::{TRUSTED, VARIABLES, is_settable};

/// The page, made from the command line's own table.
pub(crate) fn page(command: &Command, note: &str) -> String {
    let mut out = format!("{note}# Configuration\n\n");
    out.push_str(
        "Every setting is a flag of the command line. What is typed outweighs what a variable of the environment says, that\n\
         outweighs the file, and that the default.\n\n\
         The file is the first of these that there is, and only that one is read:\n\n\
         1. the file that `--config FILE` or `SEAWALL_CONFIG` names (`/dev/null` for none),\n\
         2. `seawall.toml` in the working directory,\n\
         3. `$XDG_CONFIG_HOME/seawall/config.toml`, else `~/.config/seawall/config.toml`.\n\n\
         A `seawall.toml` in a folder or image that is scanned is never read. What the one of the working directory sets for\n\
         the command that runs is said on standard error, also with `-q`: it may have come with a repository, and must not\n\
         weaken a scan unseen. It cannot set ",
    );
    let _ = writeln!(
        out,
        "{}; a file of the user's own can. Paths are relative to\nthe working directory, as on the command line.\n",
        TRUSTED.map(|key| format!("`{key}`")).join(", ")
    );
    out.push_str(
        "Keys are the long names of flags. Above all tables they are for every command that has the flag; in the table of a\n\
         command (`[scan]`, `[db-update]`) they are for that one, and outweigh. A key that is not known is an error.\n\n\
         ```toml\n\
         db = \"/var/lib/seawall/advisories.db\"\n\
         offline = true\n\n\
         [scan]\n\
         policy = [\"policies/production.yaml\"]\n\
         fail-on = \"high\"\n\
         output = [\"table\", \"sarif=report.sarif\"]\n\n\
         [db-update]\n\
         only = [\"debian\", \"kev\"]\n\
         ```\n\n## Keys\n\n| key | value | tables | variable |\n|---|---|---|---|\n",
    );
    let mut keys: BTreeMap<String, (String, Vec<String>, String)> = BTreeMap::new();
    collect(command, "", &mut keys);
    for (key, (value, tables, variable)) in keys {
        let _ = writeln!(out, "| `{key}` | {value} | {} | {variable} |", tables.join(", "));
    }
    out.push_str("\n## Other variables\n\n| variable | what |\n|---|---|\n");
    for (name, what) in VARIABLES {
        let _ = writeln!(out, "| `{name}` | {what} |");
    }
    out
}

fn collect(command: &Command, path: &str, keys: &mut BTreeMap<String, (String, Vec<String>, String)>) {
    for sub in command.get_subcommands().filter(|c| !c.is_hide_set()) {
        let name = if path.is_empty() { sub.get_name().to_owned() } else { format!("{path}-{}", sub.get_name()) };
        for argument in sub.get_arguments().filter(|a| is_settable(a) && !a.is_global_set()) {
            let Some(long) = argument.get_long() else { continue };
            let value = match argument.get_value_names() {
                Some([one, ..]) if argument.get_action().takes_values() => {
                    let list = matches!(argument.get_action(), clap::ArgAction::Append);
                    if list { format!("list of {one}") } else { one.to_string() }
                }
                _ => "true, false".to_owned(),
            };
            let variable = argument.get_env().map(|e| format!("`{}`", e.to_string_lossy())).unwrap_or_default();
            // One name may stand for two things, which are two rows.
            let row = keys.entry(long.to_owned()).or_insert_with(|| (value.clone(), Vec::new(), variable.clone()));
            if row.0 == value {
                row.1.push(format!("`[{name}]`"));
            } else {
                let other =
                    keys.entry(format!("{long}` in `[{name}]")).or_insert_with(|| (value, Vec::new(), variable));
                other.1.push(format!("`[{name}]`"));
            }
        }
        collect(sub, &name, keys);
    }
}
