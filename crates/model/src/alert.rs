use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Container;

/// How bad an alert is, by the syslog levels that Falco uses; worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the levels of RFC 5424")]
pub enum Priority {
    Emergency,
    Alert,
    Critical,
    Error,
    Warning,
    Notice,
    Informational,
    Debug,
}

impl Priority {
    /// The word, as it is written in alerts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Emergency => "Emergency",
            Self::Alert => "Alert",
            Self::Critical => "Critical",
            Self::Error => "Error",
            Self::Warning => "Warning",
            Self::Notice => "Notice",
            Self::Informational => "Informational",
            Self::Debug => "Debug",
        }
    }

    /// The level of this name, in any case; `INFO` is `INFORMATIONAL`.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "emergency" => Self::Emergency,
            "alert" => Self::Alert,
            "critical" => Self::Critical,
            "error" => Self::Error,
            "warning" => Self::Warning,
            "notice" => Self::Notice,
            "info" | "informational" => Self::Informational,
            "debug" => Self::Debug,
            _ => return None,
        })
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a rule says of an event: Falco's shape, with ours beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// When it happened, RFC 3339 with nanoseconds, UTC.
    pub time: String,
    /// The rule's name.
    pub rule: String,
    /// How bad it is.
    pub priority: Priority,
    /// Where the event came from: `syscall` or `internal`.
    pub source: String,
    /// The node.
    pub hostname: String,
    /// The rule's tags, sorted.
    pub tags: Vec<String>,
    /// The sentence.
    pub output: String,
    /// Every field that the sentence names.
    pub output_fields: BTreeMap<String, FieldValue>,
    /// What Seawall adds.
    pub seawall: AlertContext,
}

/// A field's value in an alert; what could not be told is null.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[allow(missing_docs, reason = "the types of JSON")]
pub enum FieldValue {
    Null,
    Boolean(bool),
    Signed(i64),
    Unsigned(u64),
    Text(String),
}

/// What Seawall adds to an alert.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AlertContext {
    /// What this node can enforce with: `bpf-lsm`, `cgroup-bpf`, `observe`, or `replay`.
    pub tier: String,
    /// What was done about it.
    pub action: Action,
    /// The container; none on the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<Container>,
    /// The path as it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lexical_path: Option<String>,
    /// The path that the kernel arrived at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved_path: Option<String>,
    /// How many times the same alert came, folded into this one.
    pub count: u64,
    /// Of a summary of folded alerts: when the first of them came, which was told at once and is not counted here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_time: Option<String>,
}

/// What was done about an event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// It was told, nothing more.
    #[default]
    None,
    /// In a dry run: it would have been denied.
    WouldDeny,
    /// In a dry run: the policy would have answered it.
    WouldRespond,
    /// The kernel refused it.
    Denied,
    /// The process was ended.
    Killed,
    /// The container was paused.
    Paused,
    /// The container was stopped.
    Stopped,
    /// The container's network was cut.
    Quarantined,
}
