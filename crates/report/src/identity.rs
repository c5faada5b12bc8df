//! Identifiers that depend on content alone, so that equal reports give equal documents.

use std::io;

use seawall_model::{Digest, Finding, Package, Report, TargetInfo};
use sha2::{Digest as _, Sha256};

use crate::RenderOptions;
use crate::text::percent;

/// Lower-case hexadecimal digits of the SHA-256 of `parts`, each closed by a byte that no text contains.
pub(crate) fn hash(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.as_bytes());
        hasher.update([0xff]);
    }
    Digest::from_sha256(hasher.finalize().into()).hex()
}

/// The first `digits` hexadecimal digits of [`hash`].
pub(crate) fn short_hash(parts: &[&str], digits: usize) -> String {
    hash(parts).chars().take(digits).collect()
}

/// A UUID (RFC 9562 version 8, its bits from SHA-256) of hexadecimal digits.
fn uuid(hex: &str) -> String {
    let mut digits: Vec<char> = hex.chars().take(32).collect();
    if let Some(version) = digits.get_mut(12) {
        *version = '8';
    }
    if let Some(variant) = digits.get_mut(16) {
        *variant = 'a';
    }
    let mut out = String::with_capacity(36);
    for (place, digit) in digits.into_iter().enumerate() {
        if matches!(place, 8 | 12 | 16 | 20) {
            out.push('-');
        }
        out.push(digit);
    }
    out
}

/// The UUID of a document: the same for equal content, another one for any other.
pub(crate) fn document(format: &str, report: &Report, options: &RenderOptions) -> String {
    struct Hashing(Sha256);
    impl io::Write for Hashing {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.update(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut hashing = Hashing(Sha256::new());
    hashing.0.update(format.as_bytes());
    hashing.0.update([0xff, u8::from(options.sbom_only)]);
    // Writing to a hasher cannot fail, and a report has string keys only.
    let written = serde_json::to_writer(&mut hashing, report);
    hashing.0.update([u8::from(written.is_ok())]);
    uuid(&Digest::from_sha256(hashing.0.finalize().into()).hex())
}

/// What stays the same of a finding when the image is rebuilt: not the version, not the layer.
pub(crate) fn finding(finding: &Finding) -> String {
    let package = finding.package.as_ref().map_or("", |p| unversioned(&p.purl));
    hash(&[finding.kind.name(), &finding.id, package, &finding.location.path])
}

/// [`finding`] as a UUID, made different by `place` where several findings share it.
pub(crate) fn finding_uuid(fingerprint: &str, place: usize) -> String {
    if place == 0 { uuid(fingerprint) } else { uuid(&hash(&[fingerprint, &place.to_string()])) }
}

/// A purl without version, qualifiers and subpath.
pub(crate) fn unversioned(purl: &str) -> &str {
    let end = purl.find(['?', '#']).unwrap_or(purl.len());
    let head = purl.get(..end).unwrap_or(purl);
    // An `@` before the last slash belongs to the namespace.
    let name = head.rfind('/').map_or(0, |slash| slash + 1);
    match head.get(name..).and_then(|n| n.rfind('@')) {
        Some(at) => head.get(..name + at).unwrap_or(head),
        None => head,
    }
}

/// A stable reference for the target itself: an `oci` purl where it is an image with a known digest
/// ([purl types](https://github.com/package-url/purl-spec)).
pub(crate) fn target(target: &TargetInfo) -> String {
    let Some(digest) = target.manifest_digest.or(target.config_digest) else {
        return format!("urn:seawall:target:{}:{}", target.kind.prefix(), percent(&target.name, "/"));
    };
    let reference = target.tags.first().unwrap_or(&target.name);
    let (repository, tag) = split_reference(reference);
    let name = repository.rsplit('/').next().filter(|n| !n.is_empty()).unwrap_or("image").to_lowercase();
    let mut purl = format!("pkg:oci/{}@sha256%3A{}", percent(&name, ""), digest.hex());
    let mut separator = '?';
    let mut qualifier = |key: &str, value: &str| {
        purl.push_str(&format!("{separator}{key}={}", percent(value, "/")));
        separator = '&';
    };
    if let Some(platform) = &target.platform {
        qualifier("arch", &platform.architecture);
    }
    if repository.contains('/') && !target.tags.is_empty() {
        qualifier("repository_url", repository);
    }
    if let Some(tag) = tag {
        qualifier("tag", tag);
    }
    purl
}

/// Repository and tag of an image reference; a digest is left out.
pub(crate) fn split_reference(reference: &str) -> (&str, Option<&str>) {
    let reference = reference.split('@').next().unwrap_or(reference);
    match reference.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
        _ => (reference, None),
    }
}

/// A short identifier of a package that many formats' id rules allow.
pub(crate) fn package(package: &Package) -> String {
    short_hash(&[&package.purl()], 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_leave_out_what_a_rebuild_changes() {
        assert_eq!(unversioned("pkg:npm/%40babel/core@7.0.0"), "pkg:npm/%40babel/core");
        assert_eq!(unversioned("pkg:deb/debian/libc6@1:2.36?arch=amd64"), "pkg:deb/debian/libc6");
        assert_eq!(unversioned("pkg:npm/@scope/name"), "pkg:npm/@scope/name");
        assert_eq!(split_reference("localhost:5000/a/b:1.2@sha256:00"), ("localhost:5000/a/b", Some("1.2")));
        assert_eq!(split_reference("localhost:5000/a"), ("localhost:5000/a", None));
        assert_eq!(uuid(&"0".repeat(64)), "00000000-0000-8000-a000-000000000000");
    }
}
