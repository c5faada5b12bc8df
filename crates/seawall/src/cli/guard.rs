//! What can be typed of the guard: `guard`, `watch`, `rules`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// `guard`.
#[derive(Debug, Args)]
pub(crate) struct GuardArgs {
    /// Rules in Falco's language, in this order; without any, those that ship with Seawall.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) rules: Vec<PathBuf>,
    /// Policy whose `runtime` section says what is stopped (docs/reference/policy.md).
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Reports of images, or folders of them, with the digests of their programs (`scan --programs -o json=FILE`): what
    /// `unlisted-programs` of the policy lets run. Of other images the list is made on this node.
    #[arg(long, value_name = "FILE", num_args = 1.., requires = "policy")]
    pub(crate) inventory: Vec<PathBuf>,
    /// Where alerts go, FORMAT=TARGET[,OPTION=VALUE]…, repeatable: jsonl, text, syslog, cef, ocsf, otlp, http.
    #[arg(short, long, value_name = "FORMAT=TARGET")]
    pub(crate) output: Vec<String>,
    /// Serve counts for Prometheus at ADDRESS:PORT (/metrics, /healthz, /readyz).
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) metrics: Option<String>,
    /// Keep every event in a file.
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    pub(crate) record: Option<PathBuf>,
    /// Judge the events of a file instead of the kernel's.
    #[arg(long, value_name = "FILE")]
    pub(crate) replay: Option<PathBuf>,
    /// Leave out what happens outside containers.
    #[arg(long)]
    pub(crate) containers_only: bool,
    /// Never ask this machine's resolver for the addresses of names that rules compare with.
    #[arg(long)]
    pub(crate) no_resolve: bool,
    /// Tell programs that could not be run as well; `proc.*` is the process that tried.
    #[arg(long)]
    pub(crate) failed_execs: bool,
    /// Stop after so many seconds.
    #[arg(long = "for", value_name = "SECONDS")]
    pub(crate) for_seconds: Option<u64>,
    /// Say what this machine's kernel allows, hook by hook, and stop.
    #[arg(long)]
    pub(crate) probe: bool,
    /// Take out of the kernel what a guard with a policy put there; nothing is stopped any more.
    #[arg(long, conflicts_with_all = ["policy", "rules", "record", "replay", "probe"])]
    pub(crate) remove: bool,
    /// Let a container go on that a response paused, by its name or identifier.
    #[arg(long, value_name = "CONTAINER", conflicts_with_all = ["policy", "rules", "record", "replay", "probe", "remove"])]
    pub(crate) resume: Option<String>,
    /// Folder where responses of the policy keep evidence.
    #[arg(long, value_name = "FOLDER", default_value = "/var/lib/seawall/evidence")]
    pub(crate) evidence: PathBuf,
    /// Cut one container's network at once, by name or identifier, also where no guard runs.
    #[arg(long, value_name = "CONTAINER", conflicts_with_all = ["policy", "rules", "record", "replay", "probe", "remove"])]
    pub(crate) quarantine: Option<String>,
    /// Give a container its network back.
    #[arg(
        long,
        value_name = "CONTAINER",
        conflicts_with_all = ["policy", "rules", "record", "replay", "probe", "remove", "quarantine"]
    )]
    pub(crate) release: Option<String>,
    /// Identical alerts within so many seconds become one with a count; 0 tells each.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(crate) fold: u64,
    /// Room for events between the kernel and the guard, MiB; a power of two.
    #[arg(long, value_name = "MIB", default_value_t = 8)]
    pub(crate) ring: u32,
}

impl GuardArgs {
    /// How long identical alerts are folded.
    pub(crate) fn fold(&self) -> std::time::Duration {
        std::time::Duration::from_secs(self.fold)
    }

    /// The bytes of the ring.
    pub(crate) fn ring_bytes(&self) -> anyhow::Result<u32> {
        let bytes = self.ring.checked_mul(1 << 20).filter(|b| b.is_power_of_two());
        bytes.ok_or_else(|| anyhow::anyhow!("--ring {} is not a power of two below 4096", self.ring))
    }
}

/// `watch`.
#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// Rules in Falco's language, in this order; without any, those that ship with Seawall.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) rules: Vec<PathBuf>,
    /// Show a recording instead of this node.
    #[arg(long, value_name = "FILE")]
    pub(crate) replay: Option<PathBuf>,
    /// How fast a recording is shown.
    #[arg(long, value_name = "PACE", default_value = "recorded", requires = "replay")]
    pub(crate) pace: Pace,
    /// Print snapshots instead of drawing; so it is where standard output is no terminal.
    #[arg(long)]
    pub(crate) plain: bool,
    /// A snapshot every so many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) every: u64,
    /// Stop after so many seconds.
    #[arg(long = "for", value_name = "SECONDS")]
    pub(crate) for_seconds: Option<u64>,
    /// Leave out what happens outside containers.
    #[arg(long)]
    pub(crate) containers_only: bool,
}

/// How fast a recording is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Pace {
    /// As it happened.
    Recorded,
    /// At once.
    Full,
}

/// `rules`.
#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// Read rules and name each, with the fields and events that this machine cannot supply.
    Check {
        /// Rules files in their order; without any, those that ship with Seawall.
        files: Vec<PathBuf>,
    },
    /// Propose exceptions from the alerts that were raised: noisiest first, as narrow as they can be, as a diff to review.
    Tune {
        /// Rules files in their order; without any, those that ship with Seawall.
        files: Vec<PathBuf>,
        /// A recording whose alerts are looked at, repeatable. What is proposed was tried on it.
        #[arg(long, value_name = "FILE", required_unless_present = "alerts")]
        replay: Vec<PathBuf>,
        /// Alerts as `guard -o jsonl=FILE` wrote them, repeatable.
        #[arg(long, value_name = "FILE", conflicts_with = "replay")]
        alerts: Vec<PathBuf>,
        /// Write the exceptions into a rules file of their own, to be loaded after the others.
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Leave what raised fewer alerts than this.
        #[arg(long, value_name = "N", default_value_t = 2)]
        least: u64,
        /// Propose exceptions from rules of priority CRITICAL and worse, too.
        #[arg(long)]
        all: bool,
    },
    /// Judge recordings by rules, and count what each rule says.
    Test {
        /// Rules files in their order; without any, those that ship with Seawall.
        files: Vec<PathBuf>,
        /// A recording, repeatable.
        #[arg(long, value_name = "FILE", required = true)]
        replay: Vec<PathBuf>,
    },
}
