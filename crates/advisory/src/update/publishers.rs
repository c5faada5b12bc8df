//! Who publishes what, and where. The one place with publishers' addresses.

use super::changes::MAX_LIST;

/// Somebody who publishes feeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publisher {
    /// Short name, for messages.
    pub id: String,
    /// What every path is below: scheme, host and perhaps a folder.
    pub base: String,
    /// The files.
    pub files: Vec<RemoteFile>,
    /// What changed since one of them was packed.
    pub changes: Option<Changes>,
}

/// A list of documents that changed since an archive of all of them was packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// Name of the archive's file. The address that it comes from names the day on which it was packed.
    pub archive: String,
    /// Where the list lies, below the publisher's base: lines of a document's path beside the list and the time of its
    /// change, newest first.
    pub path: String,
    /// The folder in which the documents are kept. They replace those of the archive.
    pub folder: String,
    /// Largest document in bytes.
    pub limit: u64,
}

impl Changes {
    /// Name of the list in the folder.
    pub(super) const LIST: &'static str = "changes.csv";

    /// The list as a file to fetch.
    pub(super) fn list(&self) -> RemoteFile {
        let name = format!("{}/{}", self.folder, Self::LIST);
        RemoteFile { path: self.path.clone(), way: Way::Direct, name, limit: MAX_LIST }
    }
}

/// How a file is found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Way {
    /// It lies at the path.
    #[default]
    Direct,
    /// A small text at the path names it; it lies in the same folder.
    Named,
    /// A list of mirrors of an rpm repository lies at the path. The index of the first one names the file with the
    /// repository's advisories, and its digest.
    Repository,
}

/// A file of a publisher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteFile {
    /// Below the publisher's base, percent-encoded.
    pub path: String,
    /// What lies at the path.
    pub way: Way,
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
        way: if path.starts_with(POINTER) { Way::Named } else { Way::Direct },
        name: (*name).to_owned(),
        limit: mebibytes << 20,
    };
    let plain = TABLE.iter().map(|(id, host, files)| Publisher {
        id: (*id).to_owned(),
        base: base(host),
        files: files.iter().map(file).collect(),
        changes: (*id == "redhat").then(redhat_changes),
    });
    plain.chain([alpine(&base(ALPINE)), amazon(&base(AMAZON))]).collect()
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
            way: Way::Direct,
            name: format!("alpine-secdb/{branch}-{repository}.json"),
            limit: 64 << 20,
        })
    });
    Publisher { id: "alpine".to_owned(), base: base.to_owned(), files: files.collect(), changes: None }
}

const AMAZON: &str = "cdn.amazonlinux.com";
/// Extras of Amazon Linux 2 that have published advisories. Amazon Linux 2 has ended, so that no more will come. Live
/// patches are of running kernels, which no image has.
const AMAZON_EXTRAS: &[&str] = &[
    "GraphicsMagick1.3",
    "R3.4",
    "R4",
    "ansible2",
    "aws-nitro-enclaves-cli",
    "corretto8",
    "dnsmasq",
    "docker",
    "ecs",
    "firefox",
    "golang1.19",
    "haproxy2",
    "java-openjdk11",
    "kernel-5.10",
    "kernel-5.15",
    "kernel-5.4",
    "libreoffice",
    "lynis",
    "mariadb10.5",
    "mate-desktop1.x",
    "mono",
    "nginx1",
    "php8.0",
    "php8.1",
    "php8.2",
    "postgresql11",
    "postgresql12",
    "postgresql13",
    "postgresql14",
    "python3.8",
    "redis6",
    "ruby2.6",
    "ruby3.0",
    "selinux-ng",
    "squid4",
    "tomcat8.5",
    "tomcat9",
    "unbound1.13",
    "unbound1.17",
];

/// The advisories that Amazon's repositories carry. The list of mirrors has a path that does not change; what it
/// leads to does with every release. The advisories of another architecture are the same.
fn amazon(base: &str) -> Publisher {
    let file = |path: String, name: String| RemoteFile { path, way: Way::Repository, name, limit: 128 << 20 };
    let core = [
        ("al2023/core/mirrors/latest", "amazon-2023-updateinfo.xml.gz"),
        ("2/core/latest", "amazon-2-updateinfo.xml.gz"),
    ];
    let core = core.map(|(path, name)| file(format!("{path}/x86_64/mirror.list"), name.to_owned()));
    let extras = AMAZON_EXTRAS.iter().map(|extra| {
        file(format!("2/extras/{extra}/latest/x86_64/mirror.list"), format!("amazon-updateinfo/2-{extra}.xml.gz"))
    });
    Publisher {
        id: "amazon".to_owned(),
        base: base.to_owned(),
        files: core.into_iter().chain(extras).collect(),
        changes: None,
    }
}

/// Red Hat packs its archive anew now and then, and writes down what changed in between.
fn redhat_changes() -> Changes {
    Changes {
        archive: "redhat-csaf.tar.zst".to_owned(),
        path: "data/csaf/v2/vex/changes.csv".to_owned(),
        folder: "redhat-csaf-changes".to_owned(),
        limit: 64 << 20,
    }
}

/// (publisher, host, files: (path, name in the folder, limit in MiB)).
type Row = (&'static str, &'static str, &'static [(&'static str, &'static str, u64)]);

/// Wolfi and Chainguard are not here: the licence of their live feeds does not allow it without a person's decision.
const TABLE: [Row; 10] = [
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
    // Of the two archives that say the same, the smaller one: VEX names every binary package of every architecture.
    ("canonical", "security-metadata.canonical.com", &[("osv/osv-all.tar.xz", "ubuntu-osv.tar.xz", 1024)]),
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
