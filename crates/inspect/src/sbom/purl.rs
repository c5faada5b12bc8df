//! A package from its purl.

use std::str::FromStr;

use packageurl::PackageUrl;
use seawall_model::{Ecosystem, Package, SourcePackage};

/// Reads a purl; an empty reason means that it names no package of an ecosystem (an image, a file).
pub(super) fn read(text: &str) -> Result<Package, String> {
    let url = PackageUrl::from_str(text).map_err(|e| format!("not a purl: {e}"))?;
    let Some(ecosystem) = Ecosystem::from_purl_type(url.ty()) else {
        return Err(match url.ty() {
            "oci" | "docker" => String::new(),
            other => format!("packages of type `{other}` are not judged"),
        });
    };
    let namespace = url.namespace().filter(|n| !n.is_empty());
    let joined = |separator: &str| match namespace {
        Some(namespace) => format!("{namespace}{separator}{}", url.name()),
        None => url.name().to_owned(),
    };
    let name = match ecosystem {
        Ecosystem::Maven => joined(":"),
        Ecosystem::Npm | Ecosystem::Golang | Ecosystem::Composer | Ecosystem::Swift => joined("/"),
        _ => url.name().to_owned(),
    };
    let qualifier = |key: &str| url.qualifiers().get(key).map(|v| v.to_string()).filter(|v| !v.is_empty());
    let mut version = url.version().unwrap_or_default().to_owned();
    if let (Ecosystem::Rpm, Some(epoch)) = (ecosystem, qualifier("epoch").filter(|e| e != "0")) {
        version = format!("{epoch}:{version}");
    }
    let mut package = Package::new(ecosystem, name, version);
    if ecosystem.is_operating_system() {
        package.namespace = namespace.map(str::to_owned);
        package.distro = qualifier("distro");
    }
    package.architecture = qualifier("arch");
    package.modularity = qualifier("rpmmod");
    package.source = qualifier("upstream").map(|upstream| source(&upstream));
    Ok(package)
}

/// `name`, `name@version`, or the file name of a source rpm, as other tools write it.
fn source(upstream: &str) -> SourcePackage {
    if let Some(stem) = upstream.strip_suffix(".src.rpm") {
        let mut parts = stem.rsplitn(3, '-');
        if let (Some(release), Some(version), Some(name)) = (parts.next(), parts.next(), parts.next()) {
            return SourcePackage { name: name.to_owned(), version: Some(format!("{version}-{release}")) };
        }
    }
    match upstream.split_once('@') {
        Some((name, version)) => SourcePackage { name: name.to_owned(), version: Some(version.to_owned()) },
        None => SourcePackage { name: upstream.to_owned(), version: None },
    }
}
