//! `seawall db`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use seawall_advisory::{
    Counts, Database, FeedLimits, FolderReport, UpdateContext, UpdateOutcome, UpdateReport, UpdateSettings,
    build_from_folder, install, publishers, update,
};
use seawall_io::{HttpClient, HttpSettings, read_bounded};

use super::outputs;
use crate::Exit;
use crate::cli::DbCommand;
use crate::options;
use crate::printer::Printer;

pub(crate) fn run(command: DbCommand, printer: &Printer) -> Result<Exit> {
    match command {
        DbCommand::Build { from, output } => {
            let report = build_from_folder(&from, &output, &FeedLimits::default())?;
            told(&report, &output, printer);
            Ok(if report.broken.is_empty() { Exit::Allow } else { Exit::Incomplete })
        }
        DbCommand::Update { db, base, only } => fetch(db, base.as_deref(), &only, printer),
        DbCommand::Status { db, json } => status(&path(db)?, json),
        DbCommand::Verify { db } => {
            let path = path(db)?;
            open(&path)?.verify().with_context(|| format!("{} is damaged", path.display()))?;
            outputs::stdout(format!("{}: every section matches its checksum\n", path.display()).as_bytes())?;
            Ok(Exit::Allow)
        }
        DbCommand::Export { file, db } => {
            let from = path(db)?;
            install(&from, &file, true, &today()?)?;
            printer.note(&format!(
                "wrote {}; carry it over and run: seawall db import {}",
                file.display(),
                file.display()
            ));
            Ok(Exit::Allow)
        }
        DbCommand::Import { file, db, force } => {
            let to = path(db)?;
            if let Some(folder) = to.parent() {
                std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
            }
            install(&file, &to, force, &today()?)?;
            printer.note(&format!("{} is in place at {}", file.display(), to.display()));
            Ok(Exit::Allow)
        }
    }
}

fn path(named: Option<PathBuf>) -> Result<PathBuf> {
    named.map_or_else(options::default_database, Ok)
}

fn open(path: &Path) -> Result<Database> {
    if !path.exists() {
        bail!("there is no database at {}\nhint: seawall db update, or seawall db import FILE", path.display());
    }
    Database::open(path).with_context(|| format!("cannot open the database {}", path.display()))
}

/// What a build took and left.
fn told(report: &FolderReport, output: &Path, printer: &Printer) {
    let counts = &report.info.counts;
    printer.note(&format!(
        "{}: {}, {}",
        output.display(),
        advisories(counts),
        counted(report.info.bytes, "byte", "bytes")
    ));
    for feed in report.info.feeds.iter().filter(|f| f.unknown > 0) {
        let records = counted(feed.unknown, "record was", "records were");
        printer.detail(&format!("{}: {records} not understood", feed.id));
        for example in &feed.unknown_examples {
            printer.detail(&format!("  {example}"));
        }
    }
    for name in &report.ignored {
        printer.detail(&format!("{name} is not a feed that is known"));
    }
    for reason in &report.broken {
        printer.warning(reason);
    }
}

#[allow(clippy::disallowed_methods, reason = "this is the edge: what is fresh depends on the day")]
fn now() -> Result<Timestamp> {
    Timestamp::try_from(std::time::SystemTime::now()).context("the clock of this machine is off")
}

fn today() -> Result<String> {
    Ok(now()?.strftime("%Y-%m-%d").to_string())
}

/// `1 record`, `2 records`.
fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// `3 advisories for 2 packages in 1 stream`.
fn advisories(counts: &Counts) -> String {
    let advisories = counted(counts.advisories, "advisory", "advisories");
    let packages = counted(counts.packages, "package", "packages");
    format!("{advisories} for {packages} in {}", counted(counts.streams, "stream", "streams"))
}

fn status(path: &Path, json: bool) -> Result<Exit> {
    let info = open(path)?.info()?.on(&today()?);
    if json {
        let mut text = serde_json::to_vec_pretty(&info)?;
        text.push(b'\n');
        outputs::stdout(&text)?;
        return Ok(Exit::Allow);
    }
    let mut out = String::new();
    let c = &info.counts;
    let _ = writeln!(out, "{} (format {}, {} bytes)", path.display(), info.format, info.bytes);
    let _ = writeln!(out, "{}", info.digest);
    let _ = writeln!(out, "newest record  {}", if info.newest.is_empty() { "none" } else { &info.newest });
    let (packages, streams) = (counted(c.packages, "package", "packages"), counted(c.streams, "stream", "streams"));
    let _ = writeln!(out, "advisories     {} for {packages} in {streams}", c.advisories);
    let _ = writeln!(out, "EPSS           {}", c.epss);
    let _ = writeln!(out, "exploited      {}", c.known_exploited);
    let _ = writeln!(out, "end of life    {}", counted(c.end_of_life, "release cycle", "release cycles"));
    for feed in &info.feeds {
        let unknown = if feed.unknown > 0 { format!(", {} not understood", feed.unknown) } else { String::new() };
        let newest = if feed.newest.is_empty() { "-" } else { &feed.newest };
        let records = if feed.records == 1 { "record, " } else { "records," };
        let _ = writeln!(out, "  {:24} {:>8} {records} newest {newest}{unknown}", feed.id, feed.records);
    }
    outputs::stdout(out.as_bytes())?;
    Ok(Exit::Allow)
}

/// A larger file of certificates is refused.
const MAX_CA: u64 = 8 << 20;

/// Fetches into a folder beside the database, builds, and only then replaces. Nothing here makes a scan fail.
fn fetch(db: Option<PathBuf>, base: Option<&str>, only: &[String], printer: &Printer) -> Result<Exit> {
    let database = path(db)?;
    let folder = database.parent().map(Path::to_owned).unwrap_or_default().join("feeds");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut wanted = publishers(base);
    if !only.is_empty() {
        wanted.retain(|p| only.contains(&p.id));
        if wanted.is_empty() {
            let known: Vec<_> = publishers(base).into_iter().map(|p| p.id).collect();
            bail!("no feed of that name\nhint: {}", known.join(", "));
        }
    }
    let now = now()?.to_string();
    let ca = std::env::var_os("SSL_CERT_FILE").filter(|f| !f.is_empty()).map(PathBuf::from);
    let ca =
        ca.map(|f| read_bounded(&f, MAX_CA).with_context(|| format!("cannot read {} (SSL_CERT_FILE)", f.display())));
    let client = HttpClient::new(HttpSettings { ca: ca.transpose()?, ..HttpSettings::default() })?;
    let context = UpdateContext { client: &client, sleep: &|d| std::thread::sleep(d), now: &now };
    let report = update(&folder, &wanted, &UpdateSettings::default(), &context)?;
    let failed = outcomes(&report, printer);
    // A database of another format is built anew from what is there.
    if !report.changed() && Database::open(&database).is_ok() {
        printer.note("every feed is as it was; the database stays");
    } else {
        let built = build_from_folder(&folder, &database, &FeedLimits::default())?;
        told(&built, &database, printer);
    }
    Ok(if failed == 0 { Exit::Allow } else { Exit::Incomplete })
}

fn outcomes(report: &UpdateReport, printer: &Printer) -> usize {
    let mut failed = 0;
    for file in &report.files {
        let name = format!("{}/{}", file.publisher, file.file);
        match &file.outcome {
            UpdateOutcome::Failed { reason, .. } => {
                failed += 1;
                printer.warning(&format!("{name}: {reason}; the old one is kept"));
            }
            other => printer.detail(&format!("{name}: {other:?}")),
        }
    }
    failed
}
