//! The operating system that an SBOM states.

use seawall_model::{Evidence, OperatingSystem, Recognition};

use super::component::Component;

/// More repositories than this are not kept.
const MAX_REPOSITORIES: usize = 2_000;

/// An operating-system component.
pub(super) fn from_component(component: &Component) -> Option<OperatingSystem> {
    if component.name.is_empty() {
        return None;
    }
    let either = |a: &str, b: &str| component.property(a).or_else(|| component.property(b)).map(str::to_owned);
    let id = component.property("syft:distro:id").unwrap_or(&component.name);
    // `2 (Karoo)`: some tools write the code name behind the version.
    let version = component.version.split(" (").next().unwrap_or_default();
    let mut os = new(id, version);
    os.id_like = component.properties("seawall:os:idLike").map(str::to_owned).collect();
    os.codename = either("seawall:os:codename", "syft:distro:versionCodename");
    os.pretty_name = either("seawall:os:prettyName", "syft:distro:prettyName")
        .or_else(|| Some(component.description.clone()).filter(|d| !d.is_empty()));
    os.cpe = component.property("seawall:os:cpe").map(str::to_owned);
    os.variant_id = either("seawall:os:variant", "syft:distro:variantID");
    os.repositories = component.properties("seawall:os:repository").take(MAX_REPOSITORIES).map(str::to_owned).collect();
    Some(os)
}

/// The file that said so when the SBOM was made, and its layer.
pub(super) fn evidence(component: &Component, by: &str) -> Option<Evidence> {
    let path = component.property("seawall:os:path")?.to_owned();
    let layer = component.property("seawall:os:layer").and_then(|index| index.parse().ok());
    Some(Evidence { path, layer, how: Recognition::Sbom, cataloger: by.to_owned() })
}

/// A purl's `distro` qualifier: `debian-12`, `opensuse-leap-15.5`, `rhel-8.9`.
pub(super) fn from_distro(distro: &str) -> OperatingSystem {
    let digit = |at: usize| distro.as_bytes().get(at.saturating_add(1)).is_some_and(u8::is_ascii_digit);
    match distro.match_indices('-').map(|(at, _)| at).find(|at| digit(*at)) {
        Some(at) => new(distro.get(..at).unwrap_or(distro), distro.get(at.saturating_add(1)..).unwrap_or_default()),
        None => new(distro, ""),
    }
}

fn new(id: &str, version: &str) -> OperatingSystem {
    OperatingSystem {
        id: os_release_id(id),
        id_like: Vec::new(),
        version_id: version.trim().to_owned(),
        codename: None,
        pretty_name: None,
        cpe: None,
        variant_id: None,
        repositories: Vec::new(),
    }
}

/// What os-release calls a distribution that tools call by other names.
fn os_release_id(name: &str) -> String {
    let name = name.trim().to_ascii_lowercase();
    match name.as_str() {
        "redhat" => "rhel".to_owned(),
        "oracle" | "oraclelinux" => "ol".to_owned(),
        "amazon" | "amazonlinux" => "amzn".to_owned(),
        "alma" => "almalinux".to_owned(),
        "rockylinux" => "rocky".to_owned(),
        "cbl-mariner" => "mariner".to_owned(),
        "opensuse.leap" => "opensuse-leap".to_owned(),
        "opensuse.tumbleweed" => "opensuse-tumbleweed".to_owned(),
        "suse linux enterprise server" | "suse.linux.enterprise.server" => "sles".to_owned(),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distro_qualifiers_are_split_before_the_version() {
        let split = |distro| {
            let os = from_distro(distro);
            (os.id, os.version_id)
        };
        let pair = |id: &str, version: &str| (id.to_owned(), version.to_owned());
        assert_eq!(split("debian-12"), pair("debian", "12"));
        assert_eq!(split("alpine-3.20.3"), pair("alpine", "3.20.3"));
        assert_eq!(split("opensuse-leap-15.5"), pair("opensuse-leap", "15.5"));
        assert_eq!(split("redhat-8.9"), pair("rhel", "8.9"));
        assert_eq!(split("debian"), pair("debian", ""));
        assert_eq!(split("-"), pair("-", ""));
    }
}
