use std::collections::BTreeMap;

use seawall_model::ImageConfig;

/// One setting of the image that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigurationChange {
    /// `user`, `entrypoint`, `env PATH`, `label version`, …
    pub setting: String,
    /// The older value; `None` where the setting came.
    pub old: Option<String>,
    /// The newer value; `None` where the setting went.
    pub new: Option<String>,
}

/// What differs between two configurations. Values of environment variables are left out: they may be secrets.
pub(super) fn changes(old: Option<&ImageConfig>, new: Option<&ImageConfig>) -> Vec<ConfigurationChange> {
    let empty = ImageConfig::default();
    let (old, new) = (old.unwrap_or(&empty), new.unwrap_or(&empty));
    let mut changes = Vec::new();
    let mut compare = |setting: String, old: Option<String>, new: Option<String>| {
        if old != new {
            changes.push(ConfigurationChange { setting, old, new });
        }
    };
    let text = |value: &str| Some(value.to_owned()).filter(|v| !v.is_empty());
    let words = |list: &[String]| (!list.is_empty()).then(|| list.join(" "));
    let user = |config: &ImageConfig| {
        Some(if config.user.is_empty() { "root (none set)".to_owned() } else { config.user.clone() })
    };
    compare("user".to_owned(), user(old), user(new));
    compare("entrypoint".to_owned(), words(&old.entrypoint), words(&new.entrypoint));
    compare("cmd".to_owned(), words(&old.cmd), words(&new.cmd));
    compare("working folder".to_owned(), text(&old.working_dir), text(&new.working_dir));
    compare("stop signal".to_owned(), old.stop_signal.clone(), new.stop_signal.clone());
    let health = |config: &ImageConfig| Some(if config.has_healthcheck { "set" } else { "none" }.to_owned());
    compare("health check".to_owned(), health(old), health(new));
    for (kind, old, new) in [("port", &old.exposed_ports, &new.exposed_ports), ("volume", &old.volumes, &new.volumes)] {
        let all: std::collections::BTreeSet<&String> = old.iter().chain(new).collect();
        for one in all {
            let there = |list: &[String]| list.contains(one).then(|| "exposed".to_owned());
            compare(format!("{kind} {one}"), there(old), there(new));
        }
    }
    let env = |config: &ImageConfig| -> BTreeMap<String, String> {
        let split = |pair: &String| {
            pair.split_once('=').map_or((pair.clone(), String::new()), |(k, v)| (k.to_owned(), v.to_owned()))
        };
        config.env.iter().map(split).collect()
    };
    let (old_env, new_env) = (env(old), env(new));
    let names: std::collections::BTreeSet<&String> = old_env.keys().chain(new_env.keys()).collect();
    for name in names {
        let shown = |value: Option<&String>, other: Option<&String>| match (value, other) {
            (Some(value), Some(other)) if value != other => Some("another value".to_owned()),
            (Some(_), _) => Some("set".to_owned()),
            (None, _) => None,
        };
        let (old, new) = (old_env.get(name), new_env.get(name));
        let before = old.map(|_| "set".to_owned());
        compare(format!("env {name}"), before, shown(new, old));
    }
    let names: std::collections::BTreeSet<&String> = old.labels.keys().chain(new.labels.keys()).collect();
    for name in names {
        compare(format!("label {name}"), old.labels.get(name).cloned(), new.labels.get(name).cloned());
    }
    changes
}
