//! The release files from before os-release. Each gives what the same system's os-release would give, as far as the
//! file says it.

use seawall_model::OperatingSystem;

use super::{assignments, named};

/// How products begin their line, and the `ID` of their os-release.
const PRODUCTS: &[(&str, &str)] = &[
    ("Red Hat Enterprise Linux", "rhel"),
    ("CentOS", "centos"),
    ("AlmaLinux", "almalinux"),
    ("Rocky Linux", "rocky"),
    ("Oracle Linux", "ol"),
    ("Enterprise Linux Enterprise Linux", "ol"),
    ("Fedora", "fedora"),
    ("Amazon Linux", "amzn"),
    ("VMware Photon", "photon"),
    ("CBL-Mariner", "mariner"),
    ("Microsoft Azure Linux", "azurelinux"),
    ("Azure Linux", "azurelinux"),
    ("openSUSE Tumbleweed", "opensuse-tumbleweed"),
    ("openSUSE Leap", "opensuse-leap"),
    ("openSUSE", "opensuse"),
    ("SUSE Linux Enterprise Desktop", "sled"),
    ("SUSE Linux Enterprise", "sles"),
    ("Scientific Linux", "scientific"),
    ("Virtuozzo Linux", "virtuozzo"),
];

/// `3.18.4`, `3.21.0_alpha20240807`.
pub(super) fn alpine(text: &str) -> Option<OperatingSystem> {
    let version = text.split_whitespace().next()?;
    version.starts_with(|c: char| c.is_ascii_digit()).then(|| named("alpine", version))
}

/// `12.5`, `trixie/sid`. os-release states the first number only, and none for what is not yet released.
pub(super) fn debian(text: &str) -> Option<OperatingSystem> {
    let version = text.split_whitespace().next()?;
    if version.starts_with(|c: char| c.is_ascii_digit()) {
        return Some(named("debian", version.split('.').next().unwrap_or(version)));
    }
    let codename = version.split('/').next()?;
    if codename.is_empty() || !codename.bytes().all(|b| b.is_ascii_lowercase()) {
        return None;
    }
    let mut os = named("debian", "");
    os.codename = Some(codename.to_owned());
    Some(os)
}

/// `CentOS release 6.10 (Final)`; SUSE adds `VERSION = 11` and `PATCHLEVEL = 3` on lines of their own.
pub(super) fn line(text: &str) -> Option<OperatingSystem> {
    let first = text.lines().map(str::trim).find(|l| !l.is_empty())?;
    let (product, id) = PRODUCTS.iter().find(|(product, _)| first.starts_with(product))?;
    let rest = first.get(product.len()..).unwrap_or_default();
    let mut version = rest
        .split_whitespace()
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))
        .unwrap_or_default()
        .to_owned();
    match *id {
        // `2.0.20240112` carries the build; os-release does not.
        "mariner" | "azurelinux" => version = version.split('.').take(2).collect::<Vec<_>>().join("."),
        "sles" | "sled" => {
            let level = assignments(text).find(|(key, _)| *key == "PATCHLEVEL").map(|(_, level)| level);
            if let Some(level) = level.filter(|l| l != "0" && !l.is_empty() && !version.contains('.')) {
                version = format!("{version}.{level}");
            }
        }
        _ => {}
    }
    let mut os = named(id, &version);
    os.pretty_name = Some(first.chars().take(200).collect());
    Some(os)
}

/// `DISTRIB_ID=Ubuntu`, `DISTRIB_RELEASE=12.04`.
pub(super) fn lsb(text: &str) -> Option<OperatingSystem> {
    let mut os = named("", "");
    for (key, value) in assignments(text) {
        match key {
            "DISTRIB_ID" => os.id = value.to_ascii_lowercase(),
            "DISTRIB_RELEASE" => os.version_id = value,
            "DISTRIB_CODENAME" => os.codename = Some(value).filter(|v| !v.is_empty()),
            "DISTRIB_DESCRIPTION" => os.pretty_name = Some(value).filter(|v| !v.is_empty()),
            _ => {}
        }
    }
    (!os.id.is_empty()).then_some(os)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_name_product_and_version() {
        for (text, id, version) in [
            ("Red Hat Enterprise Linux Server release 6.10 (Santiago)\n", "rhel", "6.10"),
            ("Red Hat Enterprise Linux release 9.3 (Plow)", "rhel", "9.3"),
            ("CentOS release 6.10 (Final)", "centos", "6.10"),
            ("CentOS Linux release 7.9.2009 (Core)", "centos", "7.9.2009"),
            ("CentOS Stream release 9", "centos", "9"),
            ("Fedora release 20 (Heisenbug)", "fedora", "20"),
            ("Oracle Linux Server release 6.10", "ol", "6.10"),
            ("Amazon Linux AMI release 2018.03", "amzn", "2018.03"),
            ("Amazon Linux release 2 (Karoo)", "amzn", "2"),
            ("Amazon Linux release 2023.3.20240108 (Amazon Linux)", "amzn", "2023.3.20240108"),
            ("VMware Photon Linux 1.0\nPHOTON_BUILD_NUMBER=62c543d\n", "photon", "1.0"),
            ("CBL-Mariner 2.0.20240112\nMARINER_BUILD_NUMBER=1\n", "mariner", "2.0"),
            ("SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 3\n", "sles", "11.3"),
            ("openSUSE 13.1 (x86_64)\nVERSION = 13.1\nCODENAME = Bottle\n", "opensuse", "13.1"),
        ] {
            let os = line(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((os.id.as_str(), os.version_id.as_str()), (id, version), "{text}");
        }
        assert!(line("Plan 9\n").is_none() && line("").is_none());
    }

    #[test]
    fn debian_states_a_version_or_a_codename() {
        assert_eq!(debian("6.0.10\n").map(|o| o.version_id), Some("6".to_owned()));
        assert_eq!(debian("trixie/sid\n").and_then(|o| o.codename), Some("trixie".to_owned()));
        assert!(debian("\u{0}").is_none() && debian("").is_none());
    }
}
