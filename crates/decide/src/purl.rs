//! Which package a purl speaks of: the one place of these rules (docs/reference/policy.md, "Naming packages").

use std::borrow::Cow;

use crate::glob;

/// The parts of a purl ([specification](https://github.com/package-url/purl-spec/blob/main/PURL-SPECIFICATION.rst)),
/// decoded. Reading is lenient: statements of others are often not canonical.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Purl<'a> {
    pub(crate) kind: String,
    pub(crate) namespace: Cow<'a, str>,
    pub(crate) name: Cow<'a, str>,
    pub(crate) version: Cow<'a, str>,
    pub(crate) qualifiers: Vec<(String, Cow<'a, str>)>,
}

impl<'a> Purl<'a> {
    /// Reads a purl; `None` where the text is none.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let rest = text.trim().strip_prefix("pkg:")?.trim_start_matches('/');
        let rest = rest.split('#').next().unwrap_or_default();
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        // The name never holds an unescaped `@`, but the scope of an npm package often stands there unescaped.
        let (path, version) = match path.rfind('@') {
            Some(at) if at > path.rfind('/').unwrap_or(0) + 1 => path.split_at_checked(at)?,
            _ => (path, ""),
        };
        let version = version.strip_prefix('@').unwrap_or(version);
        let (kind, path) = path.split_once('/')?;
        let path = path.trim_matches('/');
        let (namespace, name) = path.rsplit_once('/').unwrap_or(("", path));
        if kind.is_empty() || name.is_empty() {
            return None;
        }
        let kind = kind.to_ascii_lowercase();
        let mut name = decode(name);
        if kind == "pypi" {
            name = Cow::Owned(name.to_ascii_lowercase().replace(['_', '.'], "-"));
        }
        let qualifiers = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .filter(|(_, value)| !value.is_empty())
            .take(64)
            .map(|(key, value)| (key.to_ascii_lowercase(), decode(value)))
            .collect();
        Some(Self { kind, namespace: decode(namespace), name, version: decode(version), qualifiers })
    }

    pub(crate) fn qualifier(&self, key: &str) -> Option<&str> {
        self.qualifiers.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_ref())
    }

    /// The epoch that rpm keeps in a qualifier.
    fn epoch(&self) -> &str {
        self.qualifier("epoch").unwrap_or("0")
    }

    /// The source package that `upstream` names, and its version where it differs.
    fn upstream(&self) -> Option<(&str, Option<&str>)> {
        let upstream = self.qualifier("upstream")?;
        Some(match upstream.split_once('@') {
            Some((name, version)) => (name, Some(version)),
            None => (upstream, None),
        })
    }
}

fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = (*byte == b'%')
            .then(|| text.get(at + 1..at + 3).filter(|h| h.bytes().all(|b| b.is_ascii_hexdigit())))
            .flatten()
            .and_then(|h| u8::from_str_radix(h, 16).ok());
        match hex {
            Some(decoded) => {
                out.push(decoded);
                at += 3;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

/// Whether the purl of a statement or an exception speaks of a package's purl.
///
/// - Type, namespace and name are equal; `*` and `?` in the statement's stand for anything. Names of the same
///   distribution count as one namespace (`redhat` and `rhel`; `suse`, `sles`, `opensuse…`).
/// - A version given must be equal, one left out means every version. The epoch of rpm counts as part of it.
/// - Each qualifier given must be equal, one left out means any. Not compared: `repository_url`, `tag`, `download_url`,
///   `checksum`, `vcs_url`, which say where a package was found rather than which one it is, and `upstream`.
/// - `arch=src` or `arch=source` means each package that is built from this source package; `arch=noarch`, `all` and
///   `any` mean every architecture.
pub fn purl_matches(statement: &str, package: &str) -> bool {
    purl_matches_on(statement, package, &[])
}

/// Like [`purl_matches`]; `distro=` may also be any of the names that the package's distribution goes by.
pub(crate) fn purl_matches_on(statement: &str, package: &str, distro_names: &[String]) -> bool {
    if statement == package {
        return true;
    }
    match (Purl::parse(statement), Purl::parse(package)) {
        (Some(statement), Some(package)) => speaks_of(&statement, &package, distro_names),
        _ => false,
    }
}

pub(crate) fn speaks_of(statement: &Purl<'_>, package: &Purl<'_>, distro_names: &[String]) -> bool {
    if statement.kind != package.kind || !same_namespace(statement, package) {
        return false;
    }
    let is_source = matches!(statement.qualifier("arch"), Some("src" | "source"));
    let named = |name: &str| equal(&statement.kind, &statement.name, name);
    let same_version = |version: &str| {
        statement.version.is_empty() || (statement.version == version && statement.epoch() == package.epoch())
    };
    let same_package = match package.upstream() {
        // The version of the source package is the binary's where it is not stated; a stated one holds the epoch itself.
        Some((name, version)) if is_source => {
            named(name)
                && (same_version(version.unwrap_or(&package.version))
                    || version.is_some_and(|v| v.split_once(':').is_some_and(|(_, bare)| same_version(bare))))
        }
        _ => named(&package.name) && same_version(&package.version),
    };
    same_package
        && statement.qualifiers.iter().all(|(key, value)| match key.as_str() {
            "repository_url" | "tag" | "download_url" | "checksum" | "vcs_url" | "upstream" | "epoch" => true,
            "arch" if matches!(value.as_ref(), "src" | "source" | "noarch" | "all" | "any") => true,
            "distro" => {
                package.qualifier("distro") == Some(value) || distro_names.iter().any(|name| name == value.as_ref())
            }
            _ => package.qualifier(key) == Some(value),
        })
}

fn equal(kind: &str, pattern: &str, text: &str) -> bool {
    let plain = |s: &str| match kind {
        // These types do not tell case apart.
        "pypi" | "composer" | "nuget" | "deb" | "apk" | "alpm" | "github" | "bitbucket" | "oci" => {
            s.to_ascii_lowercase()
        }
        _ => s.to_owned(),
    };
    if pattern.contains(['*', '?']) {
        glob::matches(&plain(pattern), &plain(text))
    } else {
        plain(pattern) == plain(text)
    }
}

fn same_namespace(statement: &Purl<'_>, package: &Purl<'_>) -> bool {
    let family = |name: &str| match name.to_ascii_lowercase().as_str() {
        "rhel" | "redhat" => "redhat".to_owned(),
        "suse" | "sles" | "sled" | "sle-micro" | "sl-micro" => "suse".to_owned(),
        other if other.starts_with("opensuse") || other.starts_with("sle_") || other.starts_with("sle-") => {
            "suse".to_owned()
        }
        "amazon" | "amzn" => "amazon".to_owned(),
        "oracle" | "ol" | "oraclelinux" => "oracle".to_owned(),
        other => other.to_owned(),
    };
    if statement.kind == "rpm" {
        // An rpm statement without a namespace means any vendor's.
        return statement.namespace.is_empty()
            || statement.namespace == "*"
            || family(&statement.namespace) == family(&package.namespace);
    }
    equal(&statement.kind, &statement.namespace, &package.namespace)
}

/// Whether an image's purl (`pkg:oci/…`, also `pkg:docker/…`) speaks of the image that was scanned.
///
/// `repository_url`, or for `pkg:docker` namespace and name, must be the repository of one of the image's names; a
/// registry that is left out on either side is the default one. Without it the last part of the repository must be the
/// purl's name. A version must be one of the image's digests (`oci`) or else its tag; `tag` must be the image's tag;
/// `arch` its architecture.
pub(crate) fn image_matches(statement: &str, image: &Image) -> bool {
    let Some(purl) = Purl::parse(statement) else { return false };
    let repository = match purl.kind.as_str() {
        "oci" => purl.qualifier("repository_url").map(str::to_owned),
        "docker" => Some(
            [purl.qualifier("repository_url").unwrap_or_default(), &purl.namespace, &purl.name]
                .iter()
                .filter(|part| !part.is_empty())
                .copied()
                .collect::<Vec<_>>()
                .join("/"),
        ),
        _ => return false,
    };
    let is_digest = purl.version.contains(':');
    let tag = purl.qualifier("tag").or((!is_digest && !purl.version.is_empty()).then_some(purl.version.as_ref()));
    if is_digest && !image.digests.iter().any(|digest| *digest == purl.version) {
        return false;
    }
    if let (Some(wanted), Some(architecture)) = (purl.qualifier("arch"), image.architecture.as_deref())
        && wanted != architecture
    {
        return false;
    }
    image.names.iter().any(|(name, name_tag)| {
        let named = match &repository {
            Some(repository) => {
                let wanted = repository_name(repository);
                // Some publishers leave the last part out of the address, as the specification's own examples do not.
                wanted == *name || format!("{wanted}/{}", purl.name.to_ascii_lowercase()) == *name
            }
            None => name.rsplit('/').next().is_some_and(|last| last.eq_ignore_ascii_case(&purl.name)),
        };
        named && tag.is_none_or(|tag| name_tag.as_deref() == Some(tag))
    })
}

/// The names by which the scanned image may be called in a statement.
#[derive(Debug, Default)]
pub(crate) struct Image {
    /// Repository with registry, and tag.
    pub(crate) names: Vec<(String, Option<String>)>,
    pub(crate) digests: Vec<String>,
    pub(crate) architecture: Option<String>,
}

impl Image {
    pub(crate) fn of(target: &seawall_model::TargetInfo) -> Self {
        let names = std::iter::once(&target.name)
            .chain(&target.tags)
            .filter(|name| !name.is_empty())
            .map(|reference| {
                let bare = reference.split('@').next().unwrap_or_default();
                match bare.rsplit_once(':') {
                    Some((name, tag)) if !tag.contains('/') => (repository_name(name), Some(tag.to_owned())),
                    _ => (repository_name(bare), None),
                }
            })
            .collect();
        let mut digests: Vec<String> =
            target.manifest_digest.iter().chain(&target.config_digest).map(ToString::to_string).collect();
        // An index's digest is known only where the user wrote it.
        digests.extend(target.name.split_once('@').map(|(_, digest)| digest.to_owned()));
        Self { names, digests, architecture: target.platform.as_ref().map(|p| p.architecture.clone()) }
    }
}

/// A repository with its registry spelt out, lower case, so that the short and the long form are equal.
fn repository_name(text: &str) -> String {
    let text =
        text.trim_start_matches("https://").trim_start_matches("http://").trim_end_matches('/').to_ascii_lowercase();
    let (registry, path) = match text.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => {
            (first.to_owned(), rest.to_owned())
        }
        _ => (String::new(), text),
    };
    let default = matches!(registry.as_str(), "" | "docker.io" | "index.docker.io" | "registry-1.docker.io");
    match (default, path.contains('/')) {
        (true, true) => path,
        (true, false) => format!("library/{path}"),
        (false, _) => format!("{registry}/{path}"),
    }
}

/// Whether a CPE of a statement covers the operating system that `os` names, both in URI (`cpe:/o:…`) or in formatted
/// string binding (`cpe:2.3:o:…`): vendor and product are equal, and the version is equal or a prefix (`8` covers
/// `8.9`). A CPE without a version covers none: it would silence every release.
pub(crate) fn cpe_covers(statement: &str, os: &str) -> bool {
    let parts = |text: &str| -> Option<[String; 3]> {
        let rest = text.strip_prefix("cpe:2.3:").or_else(|| text.strip_prefix("cpe:/"))?;
        let mut fields = rest.split(':').skip(1).map(|f| f.replace('\\', "").to_ascii_lowercase());
        Some([fields.next()?, fields.next()?, fields.next().filter(|v| !v.is_empty() && v != "*" && v != "-")?])
    };
    match (parts(statement), parts(os)) {
        (Some([vendor, product, version]), Some([os_vendor, os_product, os_version])) => {
            vendor == os_vendor
                && product == os_product
                && (version == os_version
                    || os_version.strip_prefix(version.as_str()).is_some_and(|r| r.starts_with('.')))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Image, Purl, cpe_covers, image_matches, purl_matches, purl_matches_on};

    #[test]
    fn statements_speak_of_packages() {
        for (statement, package, expected) in [
            ("pkg:npm/lodash", "pkg:npm/lodash@4.17.20", true),
            ("pkg:npm/lodash@4.17.20", "pkg:npm/lodash@4.17.20", true),
            ("pkg:npm/lodash@4.17.21", "pkg:npm/lodash@4.17.20", false),
            ("pkg:npm/lodash", "pkg:npm/lodash.merge@4.6.2", false),
            ("pkg:npm/@babel/core", "pkg:npm/%40babel/core@7.0.0", true),
            ("pkg:npm/%40babel/*", "pkg:npm/%40babel/core@7.0.0", true),
            ("pkg:pypi/Typing_Extensions", "pkg:pypi/typing-extensions@4", true),
            ("pkg:golang/helm.sh/helm/v3", "pkg:golang/helm.sh/helm/v3@v3.1.0", true),
            ("pkg:golang/helm.sh/helm", "pkg:golang/helm.sh/helm/v3@v3.1.0", false),
            ("pkg:deb/debian/curl", "pkg:deb/ubuntu/curl@7", false),
            ("pkg:deb/debian/curl?arch=source", "pkg:deb/debian/libcurl4@7.88?arch=amd64&upstream=curl", true),
            ("pkg:deb/debian/curl@7.88?arch=source", "pkg:deb/debian/libcurl4@7.88?arch=amd64&upstream=curl", true),
            ("pkg:deb/debian/curl@7.87?arch=source", "pkg:deb/debian/libcurl4@7.88?arch=amd64&upstream=curl", false),
            ("pkg:deb/debian/curl", "pkg:deb/debian/libcurl4@7.88?arch=amd64&upstream=curl", false),
            ("pkg:deb/debian/curl?arch=arm64", "pkg:deb/debian/curl@7.88?arch=amd64", false),
            (
                "pkg:rpm/redhat/openssl@3.0-1?arch=src&epoch=1",
                "pkg:rpm/rhel/openssl-libs@3.0-1?epoch=1&upstream=openssl",
                true,
            ),
            ("pkg:rpm/redhat/openssl@3.0-1", "pkg:rpm/rhel/openssl@3.0-1?epoch=1", false),
            ("pkg:rpm/suse/krb5", "pkg:rpm/opensuse-leap/krb5@1.20?arch=x86_64", true),
            ("not a purl", "pkg:npm/lodash@1", false),
        ] {
            assert_eq!(purl_matches(statement, package), expected, "{statement} of {package}");
        }
        let jammy = ["jammy".to_owned()];
        let package = "pkg:deb/ubuntu/curl@7.81?distro=ubuntu-22.04";
        assert!(purl_matches_on("pkg:deb/ubuntu/curl?distro=jammy", package, &jammy));
        assert!(!purl_matches_on("pkg:deb/ubuntu/curl?distro=focal", package, &jammy));
    }

    #[test]
    fn images_are_known_by_name_tag_and_digest() {
        let image = Image {
            names: vec![("neuvector/manager".into(), Some("5.4".into())), ("ghcr.io/org/app".into(), None)],
            digests: vec!["sha256:aa".into()],
            architecture: Some("amd64".into()),
        };
        for (statement, expected) in [
            ("pkg:oci/manager?repository_url=index.docker.io/neuvector/manager", true),
            ("pkg:oci/manager?repository_url=index.docker.io/other/manager", false),
            ("pkg:oci/manager", true),
            ("pkg:oci/controller", false),
            ("pkg:oci/app@sha256%3Aaa?repository_url=ghcr.io/org/app", true),
            ("pkg:oci/app@sha256:aa?repository_url=ghcr.io/org", true),
            ("pkg:oci/app@sha256:bb", false),
            ("pkg:oci/manager?tag=5.4", true),
            ("pkg:oci/manager?tag=5.3", false),
            ("pkg:docker/neuvector/manager@5.4", true),
            ("pkg:docker/neuvector/manager@5.3", false),
            ("pkg:oci/manager?arch=arm64", false),
            ("pkg:npm/manager", false),
        ] {
            assert_eq!(image_matches(statement, &image), expected, "{statement}");
        }
    }

    #[test]
    fn a_cpe_covers_its_release_and_no_other() {
        let os = "cpe:/o:redhat:enterprise_linux:8.9::baseos";
        assert!(cpe_covers("cpe:/a:redhat:enterprise_linux:8::appstream", os));
        assert!(cpe_covers("cpe:2.3:o:redhat:enterprise_linux:8:*:*:*:*:*:*:*", os));
        assert!(!cpe_covers("cpe:/o:redhat:enterprise_linux:9", os));
        assert!(!cpe_covers("cpe:/o:redhat:enterprise_linux:80", os));
        assert!(!cpe_covers("cpe:/o:redhat:enterprise_linux", os));
        assert!(!cpe_covers("cpe:/a:redhat:openshift:8", os));
    }

    #[test]
    fn reading_is_lenient_but_not_boundless() {
        assert_eq!(Purl::parse("pkg:npm/@a/b@1?x=&y=2#sub").map(|p| p.qualifiers.len()), Some(1));
        for text in ["", "pkg:", "pkg:npm", "pkg:npm/", "pkg:/x", "npm/x", "pkg:npm/%", "pkg:npm/%ff@%"] {
            let _ = Purl::parse(text);
        }
    }
}
