use super::read::read;
use crate::sources::common::{is_named, json, text, yaml};
use crate::sources::{Sink, Source, SourceError};

/// A feed of OSV records.
#[derive(Debug)]
pub(in crate::sources) struct Osv {
    id: &'static str,
    about: &'static str,
    docs: &'static str,
    stems: &'static [&'static str],
    /// What its ids begin with, for containers that mix publishers.
    prefixes: &'static [&'static str],
}

impl Source for Osv {
    fn id(&self) -> &'static str {
        self.id
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn docs(&self) -> &'static str {
        self.docs
    }

    fn recognises(&self, container: &str) -> bool {
        is_named(container, self.stems)
    }

    fn read(&self, member: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), SourceError> {
        let record = if member.ends_with(".yaml") || member.ends_with(".yml") {
            yaml(text(bytes)?)?
        } else if member.ends_with(".json") {
            json(bytes)?
        } else {
            return Ok(()); // A README, a licence: no record.
        };
        read(self.feed_of(member), member, record, sink)
    }
}

impl Osv {
    fn feed_of(&self, member: &str) -> &'static str {
        if self.id != OSV_DEV.id {
            return self.id;
        }
        let name = member.rsplit('/').next().unwrap_or(member);
        FEEDS.iter().find(|f| f.prefixes.iter().any(|p| name.starts_with(p))).map_or(self.id, |f| f.id)
    }
}

const FEEDS: &[&Osv] = &[&ALMALINUX, &BITNAMI, &DRUPAL, &GHSA, &GO, &MALICIOUS, &OSS_FUZZ, &PSF, &PYPA, &R, &RUSTSEC];

pub(in crate::sources) const ALMALINUX: Osv = Osv {
    id: "almalinux-osv",
    about: "AlmaLinux errata, published by the AlmaLinux OS Foundation.",
    docs: "https://github.com/AlmaLinux/osv-database",
    stems: &["almalinux-osv", "AlmaLinux/all"],
    prefixes: &["ALSA-", "ALBA-", "ALEA-"],
};
pub(in crate::sources) const ALPINE: Osv = Osv {
    id: "alpine-osv",
    about: "Alpine's security database as OSV.dev converts it.",
    docs: "https://google.github.io/osv.dev/data/",
    stems: &["alpine-osv", "Alpine/all"],
    prefixes: &[],
};
pub(in crate::sources) const BITNAMI: Osv = Osv {
    id: "bitnami-osv",
    about: "Vulnerabilities of the applications that Bitnami packages.",
    docs: "https://github.com/bitnami/vulndb",
    stems: &["bitnami-osv", "Bitnami/all"],
    prefixes: &["BIT-"],
};
pub(in crate::sources) const CLEANSTART: Osv = Osv {
    id: "cleanstart-osv",
    about: "Security fixes in CleanStart's container packages.",
    docs: "https://github.com/cleanstart-dev/cleanstart-security-advisories",
    stems: &["cleanstart-osv", "CleanStart/all"],
    prefixes: &[],
};
pub(in crate::sources) const DEBIAN: Osv = Osv {
    id: "debian-osv",
    about: "Debian's security tracker (DSA, DLA, DTSA, CVE) as OSV.dev converts it.",
    docs: "https://google.github.io/osv.dev/data/",
    stems: &["debian-osv", "Debian/all"],
    prefixes: &[],
};
pub(in crate::sources) const DRUPAL: Osv = Osv {
    id: "drupal-osv",
    about: "Advisories of the Drupal security team.",
    docs: "https://github.com/DrupalSecurityTeam/drupal-advisory-database",
    stems: &["drupal-osv"],
    prefixes: &["DRUPAL-"],
};
pub(in crate::sources) const GHSA: Osv = Osv {
    id: "ghsa",
    about: "The GitHub Advisory Database, reviewed advisories of every language.",
    docs: "https://github.com/github/advisory-database",
    stems: &["ghsa-*", "ghsa", "advisory-database-main"],
    prefixes: &["GHSA-"],
};
pub(in crate::sources) const GO: Osv = Osv {
    id: "go-vulndb",
    about: "The Go vulnerability database, published by the Go security team.",
    docs: "https://go.dev/doc/security/vuln/database",
    stems: &["go-vulndb-osv", "vulndb", "go-vulndb"],
    prefixes: &["GO-"],
};
pub(in crate::sources) const KUBERNETES: Osv = Osv {
    id: "kubernetes-cve",
    about: "The official CVE feed of Kubernetes.",
    docs: "https://github.com/kubernetes-sigs/cve-feed-osv",
    stems: &["kubernetes-cve-osv"],
    prefixes: &[],
};
pub(in crate::sources) const MALICIOUS: Osv = Osv {
    id: "malicious-packages",
    about: "Packages that were published to do harm, collected by the OpenSSF.",
    docs: "https://github.com/ossf/malicious-packages",
    stems: &["malicious-*-osv", "malicious-packages"],
    prefixes: &["MAL-"],
};
pub(in crate::sources) const OSS_FUZZ: Osv = Osv {
    id: "oss-fuzz",
    about: "Vulnerabilities that OSS-Fuzz found in C and C++ projects.",
    docs: "https://github.com/google/oss-fuzz-vulns",
    stems: &["oss-fuzz-osv", "oss-fuzz-vulns", "OSS-Fuzz/all"],
    prefixes: &["OSV-"],
};
pub(in crate::sources) const OSV_DEV: Osv = Osv {
    id: "osv",
    about: "An ecosystem's archive of OSV.dev, which joins the databases of several publishers.",
    docs: "https://google.github.io/osv.dev/data/#data-dumps",
    stems: &["*/all"],
    prefixes: &[],
};
pub(in crate::sources) const PSF: Osv = Osv {
    id: "psf",
    about: "Advisories on CPython and pip by the Python Software Foundation; by commit, so that they only enrich.",
    docs: "https://github.com/psf/advisory-database",
    stems: &["python-psf-osv", "psf"],
    prefixes: &["PSF-"],
};
pub(in crate::sources) const PYPA: Osv = Osv {
    id: "pypa",
    about: "The Python Packaging Advisory Database.",
    docs: "https://github.com/pypa/advisory-database",
    stems: &["pypa-advisory-yaml", "pypa"],
    prefixes: &["PYSEC-"],
};
pub(in crate::sources) const R: Osv = Osv {
    id: "r-advisories",
    about: "Vulnerabilities of R packages, collected by the R Consortium.",
    docs: "https://github.com/RConsortium/r-advisory-database",
    stems: &["r-osv", "r-advisory-database"],
    prefixes: &["RSEC-"],
};
pub(in crate::sources) const REDHAT: Osv = Osv {
    id: "redhat-osv",
    about: "Red Hat errata in OSV form.",
    docs: "https://security.access.redhat.com/data/osv/",
    stems: &["redhat-osv", "Red Hat/all"],
    prefixes: &[],
};
pub(in crate::sources) const ROCKY: Osv = Osv {
    id: "rocky-osv",
    about: "Rocky Linux errata, published by the Rocky Enterprise Software Foundation.",
    docs: "https://errata.rockylinux.org/",
    stems: &["rocky-osv", "Rocky Linux/all"],
    prefixes: &[],
};
pub(in crate::sources) const RUSTSEC: Osv = Osv {
    id: "rustsec",
    about: "The RustSec advisory database in OSV form.",
    docs: "https://rustsec.org/",
    stems: &["rustsec-osv", "rustsec"],
    prefixes: &["RUSTSEC-"],
};
pub(in crate::sources) const SUSE: Osv = Osv {
    id: "suse-osv",
    about: "SUSE and openSUSE updates in OSV form.",
    docs: "https://www.suse.com/support/security/",
    stems: &["suse-osv", "SUSE/all", "openSUSE/all"],
    prefixes: &[],
};
pub(in crate::sources) const UBUNTU: Osv = Osv {
    id: "ubuntu-osv",
    about: "Ubuntu CVEs and security notices in OSV form, published by Canonical.",
    docs: "https://github.com/canonical/ubuntu-security-notices",
    stems: &["ubuntu-osv-samples", "ubuntu-osv", "Ubuntu/all"],
    prefixes: &[],
};
