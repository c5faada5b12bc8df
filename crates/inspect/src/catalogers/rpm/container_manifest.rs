//! The list of packages that distroless images of CBL-Mariner and Azure Linux keep instead of a database.
//!
//! Specification: <https://github.com/microsoft/azurelinux/blob/2.0/toolkit/docs/how_it_works/5_misc.md#rpm-manifest-file>. One package a
//! line, fields separated by tabs: name, version-release, time of installation and of build, vendor, epoch, size,
//! architecture, epoch as a number, source package. `(none)` stands for what is not set.

use seawall_model::{Ecosystem, Package, Recognition, UnknownKind};

use super::package::{source, with_epoch};
use crate::unit::{Cataloger, File, Files, Need, Observer, Want};

/// Lines that cannot be read and are named one by one.
const MAX_FAULTS: usize = 50;

/// Reads container manifests.
pub(in super::super) struct RpmContainerManifest;

impl Cataloger for RpmContainerManifest {
    fn id(&self) -> &'static str {
        "rpm-container-manifest"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> &'static str {
        "Reads the packages of distroless Azure Linux images from their manifest."
    }

    fn specification(&self) -> &'static str {
        "https://github.com/microsoft/azurelinux/blob/2.0/toolkit/docs/how_it_works/5_misc.md#rpm-manifest-file"
    }

    fn wants(&self) -> &'static [Want] {
        &[Want { files: Files::Path("var/lib/rpmmanifest/container-manifest-2"), need: Need::Content(16 << 20) }]
    }

    fn catalog(&self, file: &File<'_>, seen: &mut Observer<'_>) {
        let text = String::from_utf8_lossy(file.content);
        let mut faults = 0_usize;
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            match package(line) {
                Some(package) => seen.package(Recognition::PackageDatabase, package),
                None => {
                    faults = faults.saturating_add(1);
                    if faults <= MAX_FAULTS {
                        let reason = format_args!("line {}: not a package", number.saturating_add(1));
                        seen.unknown(UnknownKind::Malformed, reason);
                    }
                }
            }
        }
        if faults > MAX_FAULTS {
            seen.unknown(UnknownKind::Malformed, format_args!("{} more lines are not packages", faults - MAX_FAULTS));
        }
    }
}

fn package(line: &str) -> Option<Package> {
    let mut fields = line.split('\t').map(|field| Some(field.trim()).filter(|f| !f.is_empty() && *f != "(none)"));
    let name = fields.next()??;
    let version_release = fields.next()?.filter(|v| v.contains('-'))?;
    // Two times.
    let vendor = fields.nth(2)?;
    let epoch = fields.next()?.and_then(|e| e.parse().ok());
    // The size.
    let architecture = fields.nth(1)?;
    let epoch = fields.next().flatten().and_then(|e| e.parse().ok()).or(epoch).unwrap_or(0);
    let mut package = Package::new(Ecosystem::Rpm, name, with_epoch(epoch, version_release));
    package.vendor = vendor.map(str::to_owned);
    package.architecture = architecture.map(str::to_owned);
    package.source = fields.next().flatten().and_then(|file| source(file, epoch, &package.version));
    Some(package)
}
