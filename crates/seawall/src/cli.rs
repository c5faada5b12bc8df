//! What can be typed. The reference page docs/reference/cli.md is made from it.

mod guard;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use guard::{GuardArgs, Pace, RulesCommand, WatchArgs};

/// Container security in one binary: looks into images, says what is wrong, what to do about it, and whether your
/// policy lets it pass. Offline, from one advisory database file.
#[derive(Debug, Parser)]
#[command(name = "seawall", version, max_term_width = 100, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// Say nothing on standard error but warnings and errors.
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Say more on standard error.
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    /// Read settings from this file only [default: seawall.toml here, else the user's] (docs/reference/configuration.md).
    // Read before the rest of the command line is understood (config.rs).
    #[arg(long = "config", id = "config", global = true, value_name = "FILE", env = "SEAWALL_CONFIG")]
    pub(crate) _config: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Commands that no file sets anything of.
pub(crate) const WITHOUT_CONFIGURATION: [&str; 4] = ["completions", "man", "reference", "version"];

/// Every command.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Look into a target: what is in it, what is wrong with it, and does the policy let it pass.
    ///
    /// Examples:
    ///   seawall scan alpine-3.20.tar
    ///   seawall scan registry:registry.example/app:1.2 --fail-on high
    ///   seawall scan dir:. -o sarif=report.sarif -o table
    #[command(verbatim_doc_comment)]
    Scan(ScanArgs),
    /// List what is in a target, as an SBOM.
    Sbom(SbomArgs),
    /// What got better and what got worse between two targets; a gate on new findings only.
    Diff(DiffArgs),
    /// Why a vulnerability does or does not apply to a target.
    Explain(ExplainArgs),
    /// The advisory database: build, update, look at, carry over.
    #[command(subcommand)]
    Db(DbCommand),
    /// Policy bundles: check and test them.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Watch this node's containers and judge what they do by rules.
    ///
    /// Examples:
    ///   seawall guard
    ///   seawall guard --rules my-rules.yaml -o jsonl=/var/log/seawall.jsonl
    ///   seawall guard --probe
    #[command(verbatim_doc_comment)]
    Guard(GuardArgs),
    /// Look at this node live: containers and processes as a tree, alerts, rates, losses.
    ///
    /// Examples:
    ///   seawall watch
    ///   seawall watch --replay incident.swrec
    ///   seawall watch --plain --for 60
    #[command(verbatim_doc_comment)]
    Watch(WatchArgs),
    /// Rules of the guard: check and test them.
    #[command(subcommand)]
    Rules(RulesCommand),
    /// Versions as each ecosystem orders them.
    #[command(subcommand)]
    Version(VersionCommand),
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write a page for every command into a folder.
    Man {
        /// Folder to write the pages into, such as /usr/local/share/man/man1.
        folder: Option<PathBuf>,
    },
    /// Write the generated reference pages, or check that they are up to date.
    #[command(hide = true)]
    Reference {
        /// Folder of the pages.
        folder: PathBuf,
        /// Only check.
        #[arg(long)]
        check: bool,
    },
}

/// How a target is opened and read.
#[derive(Debug, Args)]
pub(crate) struct ReadArgs {
    /// Platform of an image index, `OS/ARCHITECTURE[/VARIANT]`; the host's by default.
    #[arg(long, value_name = "PLATFORM", env = "SEAWALL_PLATFORM")]
    pub(crate) platform: Option<String>,
    /// Read everything anew, and keep nothing.
    #[arg(long, env = "SEAWALL_NO_CACHE")]
    pub(crate) no_cache: bool,
    /// Never use the network: registry targets are refused.
    #[arg(long, env = "SEAWALL_OFFLINE")]
    pub(crate) offline: bool,
    /// Take down the digest of every program of every layer, in `-o json`: `guard --inventory` lets nothing else run.
    #[arg(long)]
    pub(crate) programs: bool,
    /// Table of known Java archives, lines SHA1<TAB>GROUP:ARTIFACT<TAB>VERSION.
    #[arg(long, value_name = "FILE")]
    pub(crate) java_archives: Option<PathBuf>,
    /// Allow plain HTTP for registries that are not on this machine.
    #[arg(long)]
    pub(crate) plain_http: bool,
    /// PEM certificates to trust for registries, instead of the public ones.
    #[arg(long, value_name = "FILE", env = "SEAWALL_CA")]
    pub(crate) ca: Option<PathBuf>,
    /// Registries to try before an image's own, as HOST[:PORT][/PREFIX]; repeatable.
    #[arg(long, value_name = "MIRROR")]
    pub(crate) mirror: Vec<String>,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

/// Limits on hostile input; what they cut off is an unknown in the report, and exit code 3.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    /// Never take more memory than this (such as 64M, at least 48M): fewer layers at once, smaller files and windows; what
    /// does not fit is left out and said.
    #[arg(long, value_name = "BYTES", value_parser = crate::options::memory, env = "SEAWALL_MAX_MEMORY")]
    pub(crate) max_memory: Option<u64>,
    /// Largest uncompressed layer [default: 64G].
    #[arg(long, value_name = "BYTES", value_parser = crate::options::bytes)]
    pub(crate) max_layer_bytes: Option<u64>,
    /// Largest compression ratio of a layer beyond its first 256 MiB [default: 1100].
    #[arg(long, value_name = "N")]
    pub(crate) max_ratio: Option<u64>,
    /// Most entries in one layer or folder [default: 2000000].
    #[arg(long, value_name = "N")]
    pub(crate) max_entries: Option<u64>,
    /// Largest file that is read whole [default: 256M].
    #[arg(long, value_name = "BYTES", value_parser = crate::options::bytes)]
    pub(crate) max_file_bytes: Option<u64>,
    /// Largest manifest, configuration, SBOM or other document [default: 16M].
    #[arg(long, value_name = "BYTES", value_parser = crate::options::bytes)]
    pub(crate) max_document_bytes: Option<u64>,
}

/// What findings are judged by.
#[derive(Debug, Args)]
pub(crate) struct JudgeArgs {
    /// The advisory database; else the one in the user's cache folder.
    #[arg(long, value_name = "FILE", env = "SEAWALL_DB")]
    pub(crate) db: Option<PathBuf>,
    /// A policy bundle; repeatable. Without one the built-in policy decides (docs/reference/policy.md).
    #[arg(long, value_name = "FILE", env = "SEAWALL_POLICY")]
    pub(crate) policy: Vec<PathBuf>,
    /// A VEX document (OpenVEX, CSAF, CycloneDX); repeatable.
    #[arg(long, value_name = "FILE", env = "SEAWALL_VEX")]
    pub(crate) vex: Vec<PathBuf>,
    /// Judge as on this date (YYYY-MM-DD) instead of today.
    #[arg(long, value_name = "DATE")]
    pub(crate) today: Option<String>,
}

/// What counts.
#[derive(Debug, Default, Args)]
pub(crate) struct GateArgs {
    /// Deny on any finding of this severity or worse.
    #[arg(long, value_name = "SEVERITY", env = "SEAWALL_FAIL_ON")]
    pub(crate) fail_on: Option<seawall_model::Severity>,
    /// Kinds of findings to look for [default: all]. The report says which were not.
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    pub(crate) detect: Vec<Kind>,
}

/// Kinds of findings.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Kind {
    Vulnerability,
    Secret,
    Malware,
    Misconfiguration,
    Licence,
    EndOfLife,
}

/// Arguments of `scan`.
#[derive(Debug, Args)]
pub(crate) struct ScanArgs {
    /// docker-archive:PATH, oci-archive:PATH, oci:PATH, rootfs:PATH, dir:PATH, file:PATH, sbom:PATH, docker:NAME,
    /// podman:NAME or registry:REF; without a prefix it is told from what is there.
    pub(crate) target: String,
    /// Format, and the file to write it to; repeatable [default: table].
    #[arg(short, long, value_name = "FORMAT[=FILE]")]
    pub(crate) output: Vec<String>,
    /// List unimportant findings and those of kernel headers too.
    #[arg(long)]
    pub(crate) all: bool,
    /// Write the time of the scan into the report.
    #[arg(long)]
    pub(crate) with_time: bool,
    #[command(flatten)]
    pub(crate) gate: GateArgs,
    #[command(flatten)]
    pub(crate) judge: JudgeArgs,
    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

/// Arguments of `sbom`.
#[derive(Debug, Args)]
pub(crate) struct SbomArgs {
    /// The target, as for `scan`.
    pub(crate) target: String,
    /// Format, and the file to write it to; repeatable [default: cyclonedx-json].
    #[arg(short, long, value_name = "FORMAT[=FILE]")]
    pub(crate) output: Vec<String>,
    /// Write the time into the SBOM.
    #[arg(long)]
    pub(crate) with_time: bool,
    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

/// Arguments of `diff`.
#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// What there was.
    pub(crate) old: String,
    /// What there is.
    pub(crate) new: String,
    /// `table`, `json` or `markdown`, and the file to write it to; repeatable [default: table].
    #[arg(short, long, value_name = "FORMAT[=FILE]")]
    pub(crate) output: Vec<String>,
    #[command(flatten)]
    pub(crate) gate: GateArgs,
    #[command(flatten)]
    pub(crate) judge: JudgeArgs,
    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// CVE-…, GHSA-… or any other id that the database knows.
    pub(crate) id: String,
    /// The target, as for `scan`.
    pub(crate) target: String,
    #[command(flatten)]
    pub(crate) judge: JudgeArgs,
    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

/// `seawall db …`
#[derive(Debug, Subcommand)]
pub(crate) enum DbCommand {
    /// Make a database from a folder of feeds in their own formats.
    Build {
        /// Folder of feeds.
        #[arg(long, value_name = "FOLDER")]
        from: PathBuf,
        /// The file to write.
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Fetch every feed from its publisher and build the database anew. A failure leaves the old one as it is.
    Update {
        /// The database; else the one in the user's cache folder.
        #[arg(long, value_name = "FILE", env = "SEAWALL_DB")]
        db: Option<PathBuf>,
        /// Take feeds from a site laid out as the publishers' are, instead of from the publishers.
        #[arg(long, value_name = "URL")]
        base: Option<String>,
        /// Only these feeds.
        #[arg(long, value_name = "FEED", value_delimiter = ',')]
        only: Vec<String>,
    },
    /// What the database holds and how old it is.
    Status {
        /// The database; else the one in the user's cache folder.
        #[arg(long, value_name = "FILE", env = "SEAWALL_DB")]
        db: Option<PathBuf>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Check every byte of the database against its checksums.
    Verify {
        /// The database; else the one in the user's cache folder.
        #[arg(long, value_name = "FILE", env = "SEAWALL_DB")]
        db: Option<PathBuf>,
    },
    /// Copy the verified database into one file to carry over.
    Export {
        /// The file to write.
        file: PathBuf,
        /// The database; else the one in the user's cache folder.
        #[arg(long, value_name = "FILE", env = "SEAWALL_DB")]
        db: Option<PathBuf>,
    },
    /// Take a database that was carried over, if it verifies and is not older.
    Import {
        /// The file to take.
        file: PathBuf,
        /// Where it goes; else into the user's cache folder.
        #[arg(long, value_name = "FILE", env = "SEAWALL_DB")]
        db: Option<PathBuf>,
        /// Take it although it is older than what is there.
        #[arg(long)]
        force: bool,
    },
}

/// `seawall policy …`
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Load bundles and say what is wrong with them.
    Check {
        /// Bundles.
        #[arg(required = true)]
        bundles: Vec<PathBuf>,
    },
    /// Run a bundle against example cases.
    Test {
        /// The bundle.
        bundle: PathBuf,
        /// Case files; else NAME.cases.yaml beside the bundle.
        cases: Vec<PathBuf>,
    },
}

/// `seawall version …`
#[derive(Debug, Subcommand)]
pub(crate) enum VersionCommand {
    /// Print `<`, `=` or `>` for two versions of a scheme.
    ///
    /// With `-` as the scheme, reads lines SCHEME<TAB>A<TAB>B from standard input and prints a line for each.
    Compare {
        /// deb, rpm, apk, pep440, semver, npm, maven, nuget, gem, composer, go, hex, pub, … or `-`.
        scheme: String,
        /// First version.
        a: Option<String>,
        /// Second version.
        b: Option<String>,
    },
}
