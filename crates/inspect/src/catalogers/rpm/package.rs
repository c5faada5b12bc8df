//! What a package header says.

use std::borrow::Cow;
use std::fmt::Write as _;

use seawall_model::{Ecosystem, Package, SourcePackage};

use super::Fault;
use super::header::{Header, tag};
use crate::Paths;
use crate::catalogers::os_bounds::{Bounds, dependencies};

/// A package, its files, and what of it could not be read.
pub(super) struct Read {
    pub(super) package: Package,
    pub(super) files: Paths,
    pub(super) fault: Option<Fault>,
}

/// Reads a header; `None` for the public keys that rpm keeps among the packages.
pub(super) fn read(bytes: &[u8], bounds: &mut Bounds) -> Result<Option<Read>, Fault> {
    let header = Header::parse(bytes)?;
    let (Some(name), Some(version), Some(release)) =
        (header.string(tag::NAME), header.string(tag::VERSION), header.string(tag::RELEASE))
    else {
        return Err(Fault::malformed("a package header has no name, version or release"));
    };
    if name == "gpg-pubkey" {
        return Ok(None);
    }
    let epoch = header.numbers(tag::EPOCH).and_then(|mut numbers| numbers.next()).unwrap_or(0);
    let mut package = Package::new(Ecosystem::Rpm, name, with_epoch(epoch, &format!("{version}-{release}")));
    package.architecture = header.string(tag::ARCH).map(Cow::into_owned);
    package.vendor = header.string(tag::VENDOR).map(Cow::into_owned);
    package.licences.extend(header.string(tag::LICENSE).map(Cow::into_owned));
    package.modularity = header.string(tag::MODULARITYLABEL).map(Cow::into_owned);
    package.source = header.string(tag::SOURCERPM).and_then(|file| source(&file, epoch, &package.version));
    package.checksums.extend(header.binary(tag::SIGMD5).filter(|md5| md5.len() == 16).map(|md5| {
        let mut text = String::from("md5:");
        for byte in md5 {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }));

    let mut fault = None;
    let mut list = |tag| {
        header.strings(tag).unwrap_or_else(|error| {
            fault = Some(error.of(&package.name));
            Vec::new()
        })
    };
    let needs = list(tag::REQUIRENAME);
    let provides = list(tag::PROVIDENAME);
    let names = needs.iter().map(|n| n.as_ref()).filter(|n| !n.starts_with("rpmlib("));
    package.dependencies = dependencies(&bounds.names(names));
    let names = provides.iter().map(|n| n.as_ref()).filter(|n| *n != package.name);
    package.provides = bounds.names(names).into_iter().map(str::to_owned).collect();
    let files = files(&header, bounds).unwrap_or_else(|error| {
        fault = Some(error.of(&package.name));
        Paths::default()
    });
    Ok(Some(Read { package, files, fault }))
}

/// The files without the folders.
fn files(header: &Header<'_>, bounds: &mut Bounds) -> Result<Paths, Fault> {
    let mut modes = header.short_numbers(tag::FILEMODES);
    let mut is_folder = || modes.as_mut().and_then(Iterator::next).is_some_and(|mode| mode & 0o170_000 == 0o040_000);
    let mut files = Paths::default();
    let bases = header.strings(tag::BASENAMES)?;
    if bases.is_empty() {
        // Packages from before rpm 4 have whole paths.
        for path in header.strings(tag::OLDFILENAMES)? {
            if !is_folder() {
                bounds.path(&mut files, "", &path);
            }
        }
        return Ok(files);
    }
    let folders = header.strings(tag::DIRNAMES)?;
    let mut indexes =
        header.numbers(tag::DIRINDEXES).ok_or_else(|| Fault::malformed("file names without their folders"))?;
    for base in &bases {
        let folder = indexes.next().and_then(|at| folders.get(usize::try_from(at).ok()?));
        let folder = folder.ok_or_else(|| Fault::malformed("a file name without its folder"))?;
        if !is_folder() {
            bounds.path(&mut files, folder, base);
        }
    }
    files.shrink_to_fit();
    Ok(files)
}

/// `epoch:version-release`, an epoch of 0 left out.
pub(super) fn with_epoch(epoch: u32, version_release: &str) -> String {
    if epoch == 0 { version_release.to_owned() } else { format!("{epoch}:{version_release}") }
}

/// `openssl-3.0.7-27.el9.src.rpm`. The file name carries no epoch: a source of the same version and release as its
/// binary package has the same one, of another source it is not known.
pub(super) fn source(file: &str, epoch: u32, binary: &str) -> Option<SourcePackage> {
    let stem = file.strip_suffix(".src.rpm").or_else(|| file.strip_suffix(".nosrc.rpm"))?;
    let (rest, release) = stem.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    if name.is_empty() {
        return None;
    }
    let version_release = format!("{version}-{release}");
    let whole = with_epoch(epoch, &version_release);
    Some(SourcePackage { name: name.to_owned(), version: Some(if whole == binary { whole } else { version_release }) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_named_by_their_file() {
        let version =
            |file, epoch, binary| source(file, epoch, binary).map(|s| (s.name, s.version.unwrap_or_default()));
        assert_eq!(
            version("openssl-3.0.7-27.el9.src.rpm", 1, "1:3.0.7-27.el9"),
            Some(("openssl".to_owned(), "1:3.0.7-27.el9".to_owned()))
        );
        assert_eq!(
            version("perl-5.26.3-422.el8.src.rpm", 2, "2:1.05-422.el8"),
            Some(("perl".to_owned(), "5.26.3-422.el8".to_owned()))
        );
        assert_eq!(version("a-b-1-2.nosrc.rpm", 0, "1-2"), Some(("a-b".to_owned(), "1-2".to_owned())));
        for broken in ["", "(none)", "a.src.rpm", "a-1.src.rpm", "-1-2.src.rpm", "a-1-2.rpm"] {
            assert_eq!(source(broken, 0, ""), None, "{broken}");
        }
    }
}
