//! Canonical names of release streams and packages (docs/concepts/streams.md): every feed's own words for a
//! distribution, a release or an ecosystem become one.

/// The Debian release number of a codename; `sid` is its own.
pub fn debian_release(codename: &str) -> Option<&'static str> {
    Some(match codename {
        "sid" | "unstable" => "sid",
        "duke" => "15",
        "forky" => "14",
        "trixie" => "13",
        "bookworm" => "12",
        "bullseye" => "11",
        "buster" => "10",
        "stretch" => "9",
        "jessie" => "8",
        "wheezy" => "7",
        "squeeze" => "6",
        "lenny" => "5",
        "etch" => "4",
        "sarge" => "3.1",
        "woody" => "3.0",
        "potato" => "2.2",
        "slink" => "2.1",
        "hamm" => "2.0",
        _ => return None,
    })
}

const UBUNTU: &[(&str, &str)] = &[
    ("dapper", "6.06"),
    ("edgy", "6.10"),
    ("feisty", "7.04"),
    ("gutsy", "7.10"),
    ("hardy", "8.04"),
    ("intrepid", "8.10"),
    ("jaunty", "9.04"),
    ("karmic", "9.10"),
    ("lucid", "10.04"),
    ("maverick", "10.10"),
    ("natty", "11.04"),
    ("oneiric", "11.10"),
    ("precise", "12.04"),
    ("quantal", "12.10"),
    ("raring", "13.04"),
    ("saucy", "13.10"),
    ("trusty", "14.04"),
    ("utopic", "14.10"),
    ("vivid", "15.04"),
    ("wily", "15.10"),
    ("xenial", "16.04"),
    ("yakkety", "16.10"),
    ("zesty", "17.04"),
    ("artful", "17.10"),
    ("bionic", "18.04"),
    ("cosmic", "18.10"),
    ("disco", "19.04"),
    ("eoan", "19.10"),
    ("focal", "20.04"),
    ("groovy", "20.10"),
    ("hirsute", "21.04"),
    ("impish", "21.10"),
    ("jammy", "22.04"),
    ("kinetic", "22.10"),
    ("lunar", "23.04"),
    ("mantic", "23.10"),
    ("noble", "24.04"),
    ("oracular", "24.10"),
    ("plucky", "25.04"),
    ("questing", "25.10"),
    ("resolute", "26.04"),
];

/// The Ubuntu release (`22.04`) of a codename (`jammy`).
pub fn ubuntu_release(codename: &str) -> Option<&'static str> {
    UBUNTU.iter().find(|(name, _)| *name == codename).map(|(_, release)| *release)
}

/// The stream of a series as the Ubuntu CVE tracker names it: `jammy` → `ubuntu:22.04`, `esm-apps/jammy` and
/// `trusty/esm` → `ubuntu-pro:…`. `None` for what is no stream of packages in containers: `upstream`, `devel`, `snap`,
/// certified (`fips`) and device series.
pub fn ubuntu_series(series: &str) -> Option<String> {
    if let Some(release) = ubuntu_release(series) {
        return Some(format!("ubuntu:{release}"));
    }
    let codename = match series.split_once('/')? {
        ("esm-apps" | "esm-infra" | "esm-infra-legacy" | "esm-apps-legacy", codename) => codename,
        (codename, "esm") => codename,
        _ => return None,
    };
    ubuntu_release(codename).map(|release| format!("ubuntu-pro:{release}"))
}

/// Whether a series is known to hold no packages of containers, as [`ubuntu_series`] leaves out. A series that is
/// neither has a name that this program does not know yet.
pub(crate) fn is_no_ubuntu_stream(series: &str) -> bool {
    let of_a_release = |(a, b)| ubuntu_release(a).is_some() || ubuntu_release(b).is_some();
    matches!(series, "upstream" | "devel" | "snap" | "product") || series.split_once('/').is_some_and(of_a_release)
}

/// The stream of a Red Hat CPE, URI or formatted binding, or of what follows `Red Hat:` in an OSV ecosystem:
/// `cpe:/a:redhat:enterprise_linux:8::appstream` → `redhat:8`; other products keep their name:
/// `redhat:rhel_eus:8.6`. Repository suffixes are dropped.
pub fn redhat_stream(cpe: &str) -> Option<String> {
    let rest = match cpe.strip_prefix("cpe:") {
        Some(rest) => {
            let rest = rest.trim_start_matches("2.3:");
            let mut parts = rest.splitn(3, ':');
            let (_, vendor, rest) = (parts.next()?, parts.next()?, parts.next()?);
            if vendor != "redhat" {
                return None;
            }
            rest
        }
        None => cpe,
    };
    let mut parts = rest.split(':');
    let product = parts.next().filter(|p| !p.is_empty())?;
    let version = parts.next().filter(|v| !v.is_empty() && *v != "*" && *v != "-");
    Some(match (product, version) {
        ("enterprise_linux", Some(version)) => format!("redhat:{}", version.split('.').next().unwrap_or(version)),
        (product, Some(version)) => format!("redhat:{product}:{version}"),
        (product, None) => format!("redhat:{product}"),
    })
}

/// Lower case, every run of other characters than letters, digits and `.` to one `-`.
pub fn slug(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || c == '.' {
            out.push(c.to_ascii_lowercase());
        } else if !out.ends_with('-') && !out.is_empty() {
            out.push('-');
        }
    }
    out.truncate(out.trim_end_matches('-').len());
    out
}

/// The stream of an [OSV ecosystem](https://ossf.github.io/osv-schema/#affectedpackage-field) with its suffix.
/// `None` where Seawall has no stream for it.
pub fn osv_stream(ecosystem: &str) -> Option<String> {
    let (name, suffix) = ecosystem.split_once(':').unwrap_or((ecosystem, ""));
    let language = match name {
        "npm" => "npm",
        "PyPI" => "pypi",
        "Maven" => "maven",
        "Go" => "go",
        "crates.io" => "cargo",
        "NuGet" => "nuget",
        "Packagist" => "composer",
        "RubyGems" => "gem",
        "Hex" => "hex",
        "Pub" => "pub",
        "CRAN" => "cran",
        "Bioconductor" => "bioconductor",
        "Hackage" => "hackage",
        "SwiftURL" => "swift",
        "GitHub Actions" => "github-actions",
        "Bitnami" => "bitnami",
        "kubernetes" | "Kubernetes" => "kubernetes",
        "CleanStart" => "cleanstart",
        "OSS-Fuzz" => "oss-fuzz",
        "Wolfi" => "wolfi",
        "Chainguard" => "chainguard",
        _ => "",
    };
    if !language.is_empty() {
        return Some(language.to_owned());
    }
    if suffix.is_empty() {
        return (ecosystem == "openSUSE Tumbleweed").then(|| "opensuse:tumbleweed".to_owned());
    }
    Some(match name {
        "AlmaLinux" => format!("almalinux:{suffix}"),
        "Rocky Linux" => format!("rocky:{suffix}"),
        "Alpine" => format!("alpine:{}", suffix.trim_start_matches('v')),
        "Debian" => match suffix.strip_suffix(".0").filter(|v| *v != "3") {
            Some(version) => format!("debian:{version}"),
            None => format!("debian:{}", debian_release(suffix).unwrap_or(suffix)),
        },
        "Ubuntu" => {
            let (stream, version) = match suffix.strip_prefix("Pro:") {
                Some(version) => ("ubuntu-pro", version),
                None => ("ubuntu", suffix),
            };
            let version = version.strip_suffix(":LTS").unwrap_or(version);
            if !version.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
                return None;
            }
            format!("{stream}:{version}")
        }
        "Red Hat" => return redhat_stream(suffix),
        "SUSE" => format!("suse:{}", slug(suffix)),
        "openSUSE" => format!("opensuse:{}", slug(suffix)),
        "Photon OS" => format!("photon:{suffix}"),
        "Azure Linux" => format!("azurelinux:{suffix}"),
        _ => return None,
    })
}

/// A package name in the spelling of its stream: PEP 503 for `pypi`, lower case for `nuget` and `composer`.
pub fn package_name(stream: &str, name: &str) -> String {
    match stream {
        "pypi" => {
            let mut out = String::with_capacity(name.len());
            for c in name.chars() {
                if matches!(c, '-' | '_' | '.') {
                    if !out.ends_with('-') {
                        out.push('-');
                    }
                } else {
                    out.push(c.to_ascii_lowercase());
                }
            }
            out
        }
        "nuget" | "composer" => name.to_ascii_lowercase(),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ecosystems_become_streams() {
        for (ecosystem, stream) in [
            ("AlmaLinux:8", "almalinux:8"),
            ("Alpine:v3.20", "alpine:3.20"),
            ("Debian:12", "debian:12"),
            ("Debian:6.0", "debian:6"),
            ("Debian:3.0", "debian:3.0"),
            ("Debian:3.1", "debian:3.1"),
            ("Ubuntu:22.04:LTS", "ubuntu:22.04"),
            ("Ubuntu:25.10", "ubuntu:25.10"),
            ("Ubuntu:Pro:14.04:LTS", "ubuntu-pro:14.04"),
            ("Red Hat:enterprise_linux:8::appstream", "redhat:8"),
            ("Red Hat:rhel_eus:8.6::baseos", "redhat:rhel_eus:8.6"),
            ("SUSE:Linux Enterprise Server 15 SP4-LTSS", "suse:linux-enterprise-server-15-sp4-ltss"),
            ("openSUSE:Leap 15.5", "opensuse:leap-15.5"),
            ("openSUSE:Tumbleweed", "opensuse:tumbleweed"),
            ("Packagist:https://packages.drupal.org/8", "composer"),
        ] {
            assert_eq!(osv_stream(ecosystem).as_deref(), Some(stream), "{ecosystem}");
        }
        for none in ["", "Alpine", "Ubuntu:Pro:FIPS:18.04:LTS", "Android", "Red Hat:"] {
            assert_eq!(osv_stream(none), None, "{none}");
        }
    }

    #[test]
    fn series_and_cpes_become_streams() {
        assert_eq!(ubuntu_series("jammy").as_deref(), Some("ubuntu:22.04"));
        assert_eq!(ubuntu_series("esm-infra/bionic").as_deref(), Some("ubuntu-pro:18.04"));
        assert_eq!(ubuntu_series("precise/esm").as_deref(), Some("ubuntu-pro:12.04"));
        for none in ["upstream", "devel", "fips/bionic", "vivid/ubuntu-core", ""] {
            assert_eq!(ubuntu_series(none), None, "{none}");
        }
        for known in ["upstream", "devel", "fips/bionic", "vivid/ubuntu-core", "ros-esm/xenial"] {
            assert!(is_no_ubuntu_stream(known), "{known}");
        }
        assert!(!is_no_ubuntu_stream("zebra") && !is_no_ubuntu_stream("esm-apps/zebra"));
        assert_eq!(redhat_stream("cpe:/o:redhat:enterprise_linux:7").as_deref(), Some("redhat:7"));
        assert_eq!(redhat_stream("cpe:/a:redhat:openshift:4.13::el9").as_deref(), Some("redhat:openshift:4.13"));
        assert_eq!(redhat_stream("cpe:/a:redhat:hummingbird:1").as_deref(), Some("redhat:hummingbird:1"));
        assert_eq!(redhat_stream("cpe:/o:suse:linux:1"), None);
    }

    #[test]
    fn names_are_spelt_as_the_stream_does() {
        assert_eq!(package_name("pypi", "Zope.Interface__x"), "zope-interface-x");
        assert_eq!(package_name("nuget", "Newtonsoft.Json"), "newtonsoft.json");
        assert_eq!(package_name("npm", "JSONStream"), "JSONStream");
    }
}
