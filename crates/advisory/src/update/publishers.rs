//! Who publishes what, and where. The one place with publishers' addresses.

/// Somebody who publishes feeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publisher {
    /// Short name, for messages.
    pub id: String,
    /// What every path is below: scheme, host and perhaps a folder.
    pub base: String,
    /// The files.
    pub files: Vec<RemoteFile>,
}

/// A file of a publisher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteFile {
    /// Below the publisher's base, percent-encoded.
    pub path: String,
    /// The path leads to a small text that names the file, which lies in the same folder.
    pub pointer: bool,
    /// The file's path in the folder of the feeds; says to the sources which feed it is.
    pub name: String,
    /// Largest size in bytes.
    pub limit: u64,
}

/// Every publisher. With a `mirror`, everything is asked of it instead, laid out as `<mirror>/<host>/<path>`.
pub fn publishers(mirror: Option<&str>) -> Vec<Publisher> {
    let base = |host: &str| match mirror {
        None => format!("https://{host}"),
        Some(mirror) => format!("{}/{host}", mirror.trim_end_matches('/')),
    };
    let file = |(path, name, mebibytes): &(&str, &str, u64)| RemoteFile {
        path: path.trim_start_matches(POINTER).to_owned(),
        pointer: path.starts_with(POINTER),
        name: (*name).to_owned(),
        limit: mebibytes << 20,
    };
    let plain = TABLE.iter().map(|(id, host, files)| Publisher {
        id: (*id).to_owned(),
        base: base(host),
        files: files.iter().map(file).collect(),
    });
    plain.chain([alpine(&base(ALPINE))]).collect()
}

/// Before a path: what lies there names the file.
const POINTER: char = '@';

const ALPINE: &str = "secdb.alpinelinux.org";
/// Branches of Alpine from 3.10 to this one, and edge.
const ALPINE_NEWEST: u32 = 23;

fn alpine(base: &str) -> Publisher {
    let branches = (10..=ALPINE_NEWEST).map(|minor| format!("v3.{minor}")).chain(["edge".to_owned()]);
    let files = branches.flat_map(|branch| {
        ["main", "community"].map(|repository| RemoteFile {
            path: format!("{branch}/{repository}.json"),
            pointer: false,
            name: format!("alpine-secdb/{branch}-{repository}.json"),
            limit: 64 << 20,
        })
    });
    Publisher { id: "alpine".to_owned(), base: base.to_owned(), files: files.collect() }
}

/// (publisher, host, files: (path, name in the folder, limit in MiB)).
type Row = (&'static str, &'static str, &'static [(&'static str, &'static str, u64)]);

/// Wolfi and Chainguard are not here: the licence of their live feeds does not allow it without a person's decision.
const TABLE: [Row; 9] = [
    (
        "cisa",
        "www.cisa.gov",
        &[("sites/default/files/feeds/known_exploited_vulnerabilities.json", "cisa-kev.json", 64)],
    ),
    ("first", "epss.empiricalsecurity.com", &[("epss_scores-current.csv.gz", "epss_scores.csv.gz", 64)]),
    ("debian", "security-tracker.debian.org", &[("tracker/data/json", "debian-tracker.json", 512)]),
    ("arch", "security.archlinux.org", &[("all.json", "arch-avg.json", 64)]),
    (
        "photon",
        "packages.broadcom.com",
        &[
            ("photon/photon_oval_definitions/com.vmware.phsa-photon3.xml.gz", "photon-3-oval.xml.gz", 64),
            ("photon/photon_oval_definitions/com.vmware.phsa-photon4.xml.gz", "photon-4-oval.xml.gz", 64),
            ("photon/photon_oval_definitions/com.vmware.phsa-photon5.xml.gz", "photon-5-oval.xml.gz", 64),
        ],
    ),
    ("redhat", "security.access.redhat.com", &[("@data/csaf/v2/vex/archive_latest.txt", "redhat-csaf.tar.zst", 4096)]),
    (
        "github-files",
        "raw.githubusercontent.com",
        &[
            ("microsoft/AzureLinuxVulnerabilityData/main/azurelinux-3.0-oval.xml", "azurelinux-3.0-oval.xml", 256),
            ("microsoft/AzureLinuxVulnerabilityData/main/cbl-mariner-2.0-oval.xml", "cbl-mariner-2.0-oval.xml", 256),
        ],
    ),
    (
        "osv",
        "osv-vulnerabilities.storage.googleapis.com",
        &[
            ("Alpine/all.zip", "alpine-osv.zip", 512),
            ("Debian/all.zip", "debian-osv.zip", 1024),
            ("Ubuntu/all.zip", "ubuntu-osv.zip", 2048),
            ("Red%20Hat/all.zip", "redhat-osv.zip", 1024),
            ("Rocky%20Linux/all.zip", "rocky-osv.zip", 512),
            ("SUSE/all.zip", "suse-osv.zip", 2048),
            ("openSUSE/all.zip", "openSUSE/all.zip", 2048),
            ("npm/all.zip", "npm/all.zip", 1024),
            ("PyPI/all.zip", "PyPI/all.zip", 512),
            ("Maven/all.zip", "Maven/all.zip", 512),
            ("Packagist/all.zip", "Packagist/all.zip", 512),
            ("NuGet/all.zip", "NuGet/all.zip", 512),
            ("RubyGems/all.zip", "RubyGems/all.zip", 512),
            ("Go/all.zip", "Go/all.zip", 256),
            ("crates.io/all.zip", "crates.io/all.zip", 256),
            ("Hex/all.zip", "Hex/all.zip", 64),
            ("Pub/all.zip", "Pub/all.zip", 64),
            ("SwiftURL/all.zip", "SwiftURL/all.zip", 64),
            ("GitHub%20Actions/all.zip", "GitHub-Actions/all.zip", 64),
        ],
    ),
    (
        "github",
        "codeload.github.com",
        &[
            ("AlmaLinux/osv-database/tar.gz/refs/heads/master", "almalinux-osv.tar.gz", 512),
            ("bitnami/vulndb/tar.gz/refs/heads/main", "bitnami-osv.tar.gz", 256),
            ("cleanstart-dev/cleanstart-security-advisories/tar.gz/refs/heads/main", "cleanstart-osv.tar.gz", 256),
            ("DrupalSecurityTeam/drupal-advisory-database/tar.gz/refs/heads/main", "drupal-osv.tar.gz", 64),
            ("cisagov/vulnrichment/tar.gz/refs/heads/develop", "vulnrichment.tar.gz", 2048),
            ("endoflife-date/endoflife.date/tar.gz/refs/heads/master", "endoflife-products.tar.gz", 256),
            ("FriendsOfPHP/security-advisories/tar.gz/refs/heads/master", "php-friendsofphp.tar.gz", 64),
            ("google/oss-fuzz-vulns/tar.gz/refs/heads/main", "oss-fuzz-osv.tar.gz", 256),
            ("haskell/security-advisories/tar.gz/refs/heads/main", "haskell-md.tar.gz", 64),
            ("kubernetes-sigs/cve-feed-osv/tar.gz/refs/heads/main", "kubernetes-cve-osv.tar.gz", 64),
            ("nodejs/security-wg/tar.gz/refs/heads/main", "nodejs-security-wg.tar.gz", 64),
            ("openssl/release-metadata/tar.gz/refs/heads/main", "openssl-cve5.tar.gz", 64),
            ("ossf/malicious-packages/tar.gz/refs/heads/main", "malicious-packages.tar.gz", 1024),
            ("psf/advisory-database/tar.gz/refs/heads/main", "python-psf-osv.tar.gz", 64),
            ("pypa/advisory-database/tar.gz/refs/heads/main", "pypa-advisory-yaml.tar.gz", 256),
            ("RConsortium/r-advisory-database/tar.gz/refs/heads/main", "r-osv.tar.gz", 64),
            ("rubysec/ruby-advisory-db/tar.gz/refs/heads/master", "ruby-advisory-db.tar.gz", 64),
            ("rustsec/advisory-db/tar.gz/refs/heads/osv", "rustsec-osv.tar.gz", 64),
        ],
    ),
];
