//! What each distribution calls itself, and which release streams its packages are judged by.

use seawall_advisory::Scheme;
use seawall_model::{Ecosystem, OperatingSystem};

/// A distribution, told from its os-release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Distribution {
    /// Streams to look into, best first.
    pub(crate) streams: Vec<String>,
    /// Streams that begin so and end so are looked into too (SUSE has one for each product of a service pack).
    pub(crate) family: Option<(&'static str, String)>,
    /// A stream whose fixes need a subscription.
    pub(crate) paid: Option<String>,
    /// How its versions are ordered.
    pub(crate) scheme: Scheme,
    /// Product and release cycle in the end-of-life data.
    pub(crate) end_of_life: Option<(&'static str, String)>,
}

/// The distribution, where it is one whose streams are known.
pub(crate) fn of(os: &OperatingSystem) -> Option<Distribution> {
    let version = os.version_id.as_str();
    let major = version.split(['.', ' ']).next().unwrap_or_default();
    let mut two = version.split('.');
    let minor = match (two.next(), two.next()) {
        (Some(a), Some(b)) => format!("{a}.{b}"),
        _ => version.to_owned(),
    };
    let rpm = |stream: String, product: &'static str, cycle: &str| {
        let end_of_life = (!product.is_empty()).then(|| (product, cycle.to_owned()));
        Some(Distribution { streams: vec![stream], family: None, paid: None, scheme: Scheme::Rpm, end_of_life })
    };
    match os.id.as_str() {
        "debian" | "raspbian" => {
            // Before Debian 4 a release had two numbers (3.1); since then the second one is the point release.
            let name = match major {
                "" => "sid",
                "2" | "3" => minor.as_str(),
                _ => major,
            };
            Some(Distribution {
                streams: vec![format!("debian:{name}")],
                family: None,
                paid: None,
                scheme: Scheme::Deb,
                end_of_life: (!major.is_empty()).then(|| ("debian", major.to_owned())),
            })
        }
        "ubuntu" => Some(Distribution {
            streams: vec![format!("ubuntu:{minor}")],
            family: None,
            paid: Some(format!("ubuntu-pro:{minor}")),
            scheme: Scheme::Deb,
            end_of_life: Some(("ubuntu", minor)),
        }),
        "alpine" => {
            let edge = version.is_empty() || version.contains("_alpha") || version == "edge";
            Some(Distribution {
                streams: vec![if edge { "alpine:edge".to_owned() } else { format!("alpine:{minor}") }],
                family: None,
                paid: None,
                scheme: Scheme::Apk,
                end_of_life: (!edge).then_some(("alpine-linux", minor)),
            })
        }
        "wolfi" | "chainguard" => Some(Distribution {
            streams: vec!["wolfi".to_owned(), "chainguard".to_owned()],
            family: None,
            paid: None,
            scheme: Scheme::Apk,
            end_of_life: None,
        }),
        "rhel" | "redhat" => rhel(os, major),
        "centos" => {
            let stream = os.pretty_name.as_deref().unwrap_or_default().contains("Stream");
            rpm(format!("redhat:{major}"), if stream { "centos-stream" } else { "centos" }, major)
        }
        "almalinux" => rpm(format!("almalinux:{major}"), "almalinux", major),
        "rocky" => rpm(format!("rocky:{major}"), "rocky-linux", major),
        "ol" => rpm(format!("oracle:{major}"), "oracle-linux", major),
        "fedora" => rpm(format!("fedora:{major}"), "fedora", major),
        "amzn" => {
            // Amazon Linux 1 numbers itself by date (2018.03).
            let release = if version.starts_with("201") { "1" } else { major };
            rpm(format!("amazon:{release}"), "amazon-linux", if release == "1" { "2018.03" } else { release })
        }
        "photon" => rpm(format!("photon:{minor}"), "vmware-photon", &minor),
        "azurelinux" => rpm(format!("azurelinux:{minor}"), "", ""),
        "mariner" => rpm(format!("mariner:{minor}"), "", ""),
        "opensuse-leap" | "opensuse" => {
            let mut leap = rpm(format!("opensuse:leap-{minor}"), "opensuse", &minor)?;
            leap.streams.push(format!("opensuse:leap-{minor}-nonfree"));
            Some(leap)
        }
        "opensuse-tumbleweed" => rpm("opensuse:tumbleweed".to_owned(), "", ""),
        // The small systems for container hosts number themselves, apart from the service packs that they are made of.
        "leap-micro" | "opensuse-leap-micro" => rpm(format!("opensuse:leap-micro-{minor}"), "", ""),
        "sle-micro" | "sle-micro-rancher" | "suse-microos" => {
            rpm(format!("suse:linux-enterprise-micro-{minor}"), "", "")
        }
        "sl-micro" => rpm(format!("suse:linux-micro-{minor}"), "", ""),
        "sles" | "sled" | "sles_sap" | "suse" | "sle_hpc" => {
            let service_pack = match version.split_once('.') {
                Some((major, pack)) => format!("{major}-sp{pack}"),
                None => version.to_owned(),
            };
            Some(Distribution {
                streams: vec![format!("suse:linux-enterprise-server-{service_pack}")],
                family: Some(("suse:", service_pack)),
                paid: None,
                scheme: Scheme::Rpm,
                end_of_life: Some(("sles", version.to_owned())),
            })
        }
        "arch" | "archarm" => Some(Distribution {
            streams: vec!["arch".to_owned()],
            family: None,
            paid: None,
            scheme: Scheme::Alpm,
            end_of_life: None,
        }),
        _ => None,
    }
}

/// Red Hat's own images state the content sets that they were built from; those of extended update support have streams
/// of their own.
fn rhel(os: &OperatingSystem, major: &str) -> Option<Distribution> {
    let mut streams = Vec::new();
    for (mark, product) in [("-eus-", "rhel_eus"), ("-e4s-", "rhel_e4s"), ("-aus-", "rhel_aus"), ("-tus-", "rhel_tus")]
    {
        if os.repositories.iter().any(|r| r.contains(mark)) {
            streams.push(format!("redhat:{product}:{}", os.version_id));
        }
    }
    streams.push(format!("redhat:{major}"));
    let end_of_life = Some(("rhel", major.to_owned()));
    Some(Distribution { streams, family: None, paid: None, scheme: Scheme::Rpm, end_of_life })
}

/// The stream and version scheme of a language ecosystem, and the name by which its advisories know a package.
pub(crate) fn language(ecosystem: Ecosystem, name: &str) -> Option<(&'static str, Scheme, String)> {
    let same = || name.to_owned();
    Some(match ecosystem {
        Ecosystem::Npm => ("npm", Scheme::Npm, same()),
        Ecosystem::Pypi => ("pypi", Scheme::Pep440, pep503(name)),
        Ecosystem::Maven => ("maven", Scheme::Maven, same()),
        Ecosystem::Golang => ("go", Scheme::Go, same()),
        Ecosystem::Cargo => ("cargo", Scheme::Cargo, same()),
        Ecosystem::Nuget => ("nuget", Scheme::Nuget, name.to_ascii_lowercase()),
        Ecosystem::Composer => ("composer", Scheme::Composer, name.to_ascii_lowercase()),
        Ecosystem::Gem => ("gem", Scheme::Gem, same()),
        Ecosystem::Hex => ("hex", Scheme::Hex, same()),
        Ecosystem::Pub => ("pub", Scheme::Pub, same()),
        Ecosystem::Cran => ("cran", Scheme::Cran, same()),
        Ecosystem::Hackage => ("hackage", Scheme::Hackage, same()),
        Ecosystem::Swift => ("swift", Scheme::Swift, same()),
        Ecosystem::Generic => ("generic", Scheme::Generic, name.to_ascii_lowercase()),
        Ecosystem::Apk | Ecosystem::Deb | Ecosystem::Rpm | Ecosystem::Alpm => return None,
    })
}

/// [PEP 503](https://peps.python.org/pep-0503/#normalized-names): lower case, runs of `-`, `_` and `.` as one `-`.
fn pep503(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if matches!(c, '-' | '_' | '.') {
            if !out.ends_with('-') {
                out.push('-');
            }
        } else {
            out.extend(c.to_lowercase());
        }
    }
    out
}

/// Whether a package is kernel headers: a container runs its host's kernel, never its own.
pub(crate) fn is_kernel_headers(name: &str) -> bool {
    matches!(name, "linux-libc-dev" | "kernel-headers" | "linux-headers" | "linux-api-headers" | "linux-glibc-devel")
        || name.starts_with("linux-headers-")
        || name.starts_with("linux-kbuild-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn streams(id: &str, version: &str) -> Vec<String> {
        let os = OperatingSystem {
            id: id.into(),
            id_like: vec![],
            version_id: version.into(),
            codename: None,
            pretty_name: None,
            cpe: None,
            variant_id: None,
            repositories: vec![],
        };
        of(&os).map(|d| d.streams).unwrap_or_default()
    }

    #[test]
    fn each_distribution_has_its_stream() {
        for (id, version, stream) in [
            ("debian", "12", "debian:12"),
            ("debian", "", "debian:sid"),
            ("debian", "3.1", "debian:3.1"),
            ("debian", "9.13", "debian:9"),
            ("ubuntu", "22.04", "ubuntu:22.04"),
            ("alpine", "3.20.3", "alpine:3.20"),
            ("alpine", "3.21_alpha20240807", "alpine:edge"),
            ("wolfi", "20230201", "wolfi"),
            ("rhel", "8.9", "redhat:8"),
            ("centos", "7", "redhat:7"),
            ("almalinux", "9.3", "almalinux:9"),
            ("rocky", "8.9", "rocky:8"),
            ("ol", "8.9", "oracle:8"),
            ("fedora", "39", "fedora:39"),
            ("amzn", "2018.03", "amazon:1"),
            ("amzn", "2", "amazon:2"),
            ("amzn", "2023", "amazon:2023"),
            ("photon", "3.0", "photon:3.0"),
            ("azurelinux", "3.0", "azurelinux:3.0"),
            ("mariner", "2.0", "mariner:2.0"),
            ("mariner", "2.0.20240301", "mariner:2.0"),
            ("sles", "15.4", "suse:linux-enterprise-server-15-sp4"),
            ("opensuse-leap", "15.5", "opensuse:leap-15.5"),
            ("opensuse-tumbleweed", "20240101", "opensuse:tumbleweed"),
            ("leap-micro", "5.4", "opensuse:leap-micro-5.4"),
            ("sle-micro", "5.3", "suse:linux-enterprise-micro-5.3"),
            ("sle-micro-rancher", "5.4", "suse:linux-enterprise-micro-5.4"),
            ("sl-micro", "6.0", "suse:linux-micro-6.0"),
        ] {
            assert_eq!(streams(id, version).first().map(String::as_str), Some(stream), "{id} {version}");
        }
        assert!(streams("plan9", "4").is_empty());
    }

    #[test]
    fn names_are_those_of_the_streams() {
        assert_eq!(pep503("Ruamel__Yaml.Clib"), "ruamel-yaml-clib");
        assert!(is_kernel_headers("linux-libc-dev") && !is_kernel_headers("linux-pam"));
    }
}
