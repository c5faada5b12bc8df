//! The file's text becomes settings, or faults with their places.

use std::path::Path;

use clap::{Arg, ArgAction, Command};
use seawall_decide::closest;
use toml::de::{DeTable, DeValue};

use super::{Setting, TRUSTED, is_settable};

/// Something that is wrong with the file, at a byte of it.
pub(super) struct Fault {
    at: usize,
    message: String,
    hint: Option<String>,
}

impl Fault {
    fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), hint: None }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// `seawall.toml:3:1: …`.
    pub(super) fn show(&self, path: &Path, text: &str) -> String {
        let before = text.get(..self.at).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let hint = self.hint.as_ref().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
        format!("{}:{line}:{column}: {}{hint}", path.display(), self.message)
    }
}

/// Reads the file. What stands above all tables is for every command that has the flag, and what stands in a table for
/// that command; the table outweighs.
pub(super) fn settings(text: &str, command: &Command, local: bool) -> Result<Vec<Setting>, Vec<Fault>> {
    let root = DeTable::parse(text)
        .map_err(|error| vec![Fault::new(error.span().map_or(0, |span| span.start), error.message().to_owned())])?;
    let mut reader = Reader { local, faults: Vec::new(), settings: Vec::new() };
    let all: Vec<(Vec<String>, &Command)> = commands(command, &[]);
    for (key, value) in root.get_ref() {
        let name: &str = key.get_ref();
        if let DeValue::Table(table) = value.get_ref() {
            match all.iter().find(|(path, _)| path.join("-") == name) {
                Some((path, sub)) => reader.table(table, sub, path),
                None => reader.unknown(key.span().start, name, &tables(&all), "no command is called"),
            }
        } else {
            reader.shared(key.span().start, name, value.span().start, value.get_ref(), &all);
        }
    }
    reader.faults.sort_by_key(|fault| fault.at);
    if !reader.faults.is_empty() {
        return Err(reader.faults);
    }
    // Of one flag of one command the table's value comes later, and outweighs.
    reader.settings.sort_by_key(|(from_table, _)| *from_table);
    let mut settings: Vec<Setting> = Vec::new();
    for (_, setting) in reader.settings {
        settings.retain(|s| (&s.command, &s.key) != (&setting.command, &setting.key));
        settings.push(setting);
    }
    settings.sort_by(|a, b| (&a.command, &a.key).cmp(&(&b.command, &b.key)));
    Ok(settings)
}

/// Every command that does something, with its names.
fn commands<'c>(command: &'c Command, path: &[String]) -> Vec<(Vec<String>, &'c Command)> {
    let mut all = Vec::new();
    for sub in command.get_subcommands().filter(|c| !c.is_hide_set()) {
        let path = [path, &[sub.get_name().to_owned()]].concat();
        if sub.has_subcommands() {
            all.extend(commands(sub, &path));
        } else {
            all.push((path, sub));
        }
    }
    all
}

fn flag<'c>(command: &'c Command, name: &str) -> Option<&'c Arg> {
    command.get_arguments().find(|a| a.get_long() == Some(name) && is_settable(a))
}

/// The names of tables: `[scan]`, `[db-update]`, as manual pages are called. A table `[db]` would clash with the flag.
fn tables(all: &[(Vec<String>, &Command)]) -> Vec<String> {
    all.iter().map(|(path, _)| path.join("-")).collect()
}

/// The names of flags.
fn flags<'c>(commands: impl Iterator<Item = &'c Command>) -> Vec<String> {
    let settable = commands.flat_map(Command::get_arguments).filter(|a| is_settable(a));
    let mut list: Vec<String> = settable.filter_map(|a| a.get_long().map(str::to_owned)).collect();
    list.sort();
    list.dedup();
    list
}

struct Reader {
    local: bool,
    faults: Vec<Fault>,
    /// Whether it comes from a table, and what it is.
    settings: Vec<(bool, Setting)>,
}

impl Reader {
    fn unknown(&mut self, at: usize, name: &str, known: &[String], what: &str) {
        let fault = Fault::new(at, format!("{what} `{name}`"));
        self.faults.push(match closest(name, known.iter().map(String::as_str)) {
            Some(near) => fault.hint(format!("did you mean `{near}`?")),
            None => fault.hint("docs/reference/configuration.md has every key"),
        });
    }

    /// The table of one command.
    fn table(&mut self, table: &DeTable<'_>, command: &Command, path: &[String]) {
        for (key, value) in table {
            let name: &str = key.get_ref();
            let at = key.span().start;
            match flag(command, name) {
                Some(argument) => self.value(at, argument, name, path, value.span().start, value.get_ref(), true),
                None => {
                    let what = format!("`seawall {}` has no key", path.join(" "));
                    self.unknown(at, name, &flags(std::iter::once(command)), &what);
                }
            }
        }
    }

    /// A key above all tables.
    fn shared(&mut self, at: usize, name: &str, value_at: usize, value: &DeValue<'_>, all: &[(Vec<String>, &Command)]) {
        let with: Vec<(&Vec<String>, &Arg)> =
            all.iter().filter_map(|(path, c)| flag(c, name).map(|a| (path, a))).collect();
        let Some((_, first)) = with.first() else {
            return self.unknown(at, name, &flags(all.iter().map(|(_, c)| *c)), "there is no key");
        };
        // One name for several things must say which is meant.
        if with.iter().any(|(_, a)| a.get_value_names() != first.get_value_names()) {
            let tables: Vec<String> = with.iter().map(|(path, _)| format!("[{}]", path.join("-"))).collect();
            let message = format!("`{name}` is not the same for every command");
            self.faults.push(Fault::new(at, message).hint(format!("write it in one of {}", tables.join(", "))));
            return;
        }
        let before = self.faults.len();
        for (path, argument) in with {
            if self.faults.len() == before {
                self.value(at, argument, name, path, value_at, value, false);
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a key and a value with their places, and where they go")]
    fn value(
        &mut self,
        at: usize,
        argument: &Arg,
        key: &str,
        path: &[String],
        value_at: usize,
        value: &DeValue<'_>,
        from_table: bool,
    ) {
        if self.local && TRUSTED.contains(&key) {
            let message = format!("`{key}` cannot be set here: a file in the working directory may come from others");
            let hint = "set it in ~/.config/seawall/config.toml, or name a file of your own with --config";
            self.faults.push(Fault::new(at, message).hint(hint));
            return;
        }
        match values(argument, key, value) {
            Ok(values) => {
                self.settings.push((from_table, Setting { command: path.to_vec(), key: key.to_owned(), values }))
            }
            Err(message) => self.faults.push(Fault::new(value_at, message)),
        }
    }
}

/// The value as it would be typed, once the flag itself has found nothing wrong with it.
fn values(argument: &Arg, key: &str, value: &DeValue<'_>) -> Result<Vec<String>, String> {
    let is_switch = !argument.get_action().takes_values();
    let many = matches!(argument.get_action(), ArgAction::Append);
    let list = match value {
        DeValue::Boolean(on) if is_switch => return Ok(vec![on.to_string()]),
        _ if is_switch => return Err(format!("`{key}` is a switch: write true or false")),
        DeValue::Array(items) if many && items.is_empty() => return Err(format!("`{key}` is an empty list")),
        DeValue::Array(items) if many => items.iter().map(|i| word(key, i.get_ref())).collect::<Result<Vec<_>, _>>()?,
        DeValue::Array(_) => return Err(format!("`{key}` takes one value, not a list")),
        one => vec![word(key, one)?],
    };
    for text in &list {
        let typed = format!("--{key}={text}");
        let alone = Command::new("seawall").no_binary_name(true).disable_help_flag(true);
        let alone = alone.arg(argument.clone().required(false).global(false));
        if let Err(error) = alone.try_get_matches_from([typed]) {
            let said = error.to_string();
            return Err(said.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned());
        }
    }
    Ok(list)
}

fn word(key: &str, value: &DeValue<'_>) -> Result<String, String> {
    match value {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Ok(number.as_str().replace('_', "")),
        other => Err(format!("`{key}` cannot be a {}", other.type_str())),
    }
}
