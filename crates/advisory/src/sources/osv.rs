//! The [OSV schema](https://ossf.github.io/osv-schema/), JSON or YAML, of every publisher that uses it.

mod feeds;
mod read;
mod record;

pub(super) use feeds::{
    ALMALINUX, ALPINE, BITNAMI, CLEANSTART, DEBIAN, DRUPAL, GHSA, GO, KUBERNETES, MALICIOUS, OSS_FUZZ, OSV_DEV, PSF,
    PYPA, R, REDHAT, ROCKY, RUSTSEC, SUSE, UBUNTU,
};
