//! From what the user typed to an inventory.

use anyhow::{Context, Result};
use seawall_engine::{Cache, Inspector, Opened, Progress, Stage, open};
use seawall_inspect::{CATALOGERS, PROGRAM_DIGESTS, Sha1Table, Units};
use seawall_model::{Inventory, TargetKind};
use seawall_target::detect;

use crate::cli::ReadArgs;
use crate::options;
use crate::printer::Printer;

/// Opens a target and takes its inventory.
pub(crate) fn inventory(text: &str, read: &ReadArgs, printer: &Printer, progress: &dyn Progress) -> Result<Inventory> {
    let (limits, parallel) = read.limits.limits();
    if let Some(cap) = limits.memory.bytes() {
        crate::memory::watch(cap)?;
    }
    let target = detect(text, &limits)?;
    if target.guessed {
        printer.detail(&format!("{text} is taken as {}:{}", target.kind.prefix(), target.name));
    }
    options::check_offline(read, target.kind)?;
    progress.report(Stage::Opening);
    let opened = open(&target, &options::open_options(read, &limits)?).with_context(|| {
        let guessed = if target.guessed { " (told from what is there; a prefix says otherwise)" } else { "" };
        format!("cannot open {}:{}{guessed}", target.kind.prefix(), target.name)
    })?;
    let digests = read.programs.then_some(PROGRAM_DIGESTS);
    let units = Units::new(&CATALOGERS.iter().copied().chain(digests).collect::<Vec<_>>());
    let mut cache = None;
    if let Some(folder) = options::cache_folder().filter(|_| !read.no_cache) {
        // Limits change what a layer gives as much as units do; what is left out for want of memory is not kept.
        cache = Some(Cache::new(&folder, &format!("{}|{:?}", units.fingerprint(), read.limits.stated())));
    }
    let inspector = Inspector { units, limits, cache, archives: archives(read)?, programs: read.programs, parallel };
    Ok(match opened {
        Opened::Image(image) => inspector.image(*image, progress)?,
        Opened::Tree(tree) => inspector.tree(&tree, &target, progress)?,
        Opened::Sbom(path) => inspector.sbom(&path, &target)?,
    })
}

fn archives(read: &ReadArgs) -> Result<Option<Sha1Table>> {
    let Some(path) = &read.java_archives else { return Ok(None) };
    let table = Sha1Table::parse(&super::judge::text(path)?);
    table.map(Some).with_context(|| format!("{}", path.display()))
}

/// How the target is called in a note.
pub(crate) fn describe(inventory: &Inventory) -> String {
    let kind: TargetKind = inventory.target.kind;
    format!("{}:{}", kind.prefix(), inventory.target.name)
}
