use std::borrow::Cow;

use packageurl::PackageUrl;

use crate::{Ecosystem, Package};

/// The canonical purl of a package; falls back to a `generic` purl where a name breaks its type's rules, so that each
/// package has one.
pub(crate) fn of(package: &Package) -> String {
    let (namespace, name) = split_name(package);
    build(package, namespace, name).unwrap_or_else(|| fallback(package))
}

fn split_name(package: &Package) -> (Option<&str>, &str) {
    let name = package.name.as_str();
    let separator = match package.ecosystem {
        Ecosystem::Maven => ':',
        Ecosystem::Npm | Ecosystem::Golang | Ecosystem::Composer | Ecosystem::Swift => '/',
        _ => return (package.namespace.as_deref(), name),
    };
    match name.rsplit_once(separator) {
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() => (Some(namespace), name),
        _ => (package.namespace.as_deref(), name),
    }
}

fn build(package: &Package, namespace: Option<&str>, name: &str) -> Option<String> {
    let name: Cow<'_, str> = match package.ecosystem {
        Ecosystem::Pypi => name.to_ascii_lowercase().replace('_', "-").into(),
        _ => name.into(),
    };
    let mut url = PackageUrl::new(package.ecosystem.purl_type(), name).ok()?;
    if let Some(namespace) = namespace.filter(|n| !n.is_empty()) {
        url.with_namespace(namespace).ok()?;
    }
    let (epoch, version) = match package.ecosystem {
        // The rpm type keeps the epoch in a qualifier, the others keep it in the version.
        Ecosystem::Rpm => match package.version.split_once(':') {
            Some((epoch, rest)) => (Some(epoch).filter(|e| *e != "0"), rest),
            None => (None, package.version.as_str()),
        },
        _ => (None, package.version.as_str()),
    };
    if !version.is_empty() {
        url.with_version(version).ok()?;
    }
    if let Some(architecture) = &package.architecture {
        url.add_qualifier("arch", architecture.as_str()).ok()?;
    }
    if let Some(epoch) = epoch {
        url.add_qualifier("epoch", epoch).ok()?;
    }
    if let Some(distro) = &package.distro {
        url.add_qualifier("distro", distro.as_str()).ok()?;
    }
    if let Some(module) = &package.modularity {
        url.add_qualifier("rpmmod", module.as_str()).ok()?;
    }
    // The source package, as other scanners expect to find it in an SBOM.
    let differs = |v: &String| *v != package.version;
    let source = package.source.as_ref();
    if let Some(source) = source.filter(|s| s.name != package.name || s.version.as_ref().is_some_and(differs)) {
        let upstream = match &source.version {
            Some(version) if *version != package.version => Cow::Owned(format!("{}@{version}", source.name)),
            _ => Cow::Borrowed(source.name.as_str()),
        };
        url.add_qualifier("upstream", upstream).ok()?;
    }
    Some(url.to_string())
}

fn fallback(package: &Package) -> String {
    let encode = |text: &str| {
        text.bytes()
            .map(|b| match b {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => char::from(b).to_string(),
                _ => format!("%{b:02X}"),
            })
            .collect::<String>()
    };
    let name = if package.name.is_empty() { "unnamed".to_owned() } else { encode(&package.name) };
    if package.version.is_empty() {
        format!("pkg:generic/{name}")
    } else {
        format!("pkg:generic/{name}@{}", encode(&package.version))
    }
}

#[cfg(test)]
mod tests {
    use crate::{Ecosystem, Package};

    #[test]
    fn purls_are_those_of_the_specification() {
        let purl = |e, n: &str, v: &str| Package::new(e, n, v).purl();
        assert_eq!(purl(Ecosystem::Npm, "@babel/core", "7.0.0"), "pkg:npm/%40babel/core@7.0.0");
        assert_eq!(purl(Ecosystem::Maven, "org.slf4j:slf4j-api", "1.7"), "pkg:maven/org.slf4j/slf4j-api@1.7");
        assert_eq!(
            purl(Ecosystem::Golang, "github.com/spf13/cobra", "v1.0.0"),
            "pkg:golang/github.com/spf13/cobra@v1.0.0"
        );
        assert_eq!(purl(Ecosystem::Pypi, "Typing_Extensions", "4"), "pkg:pypi/typing-extensions@4");
        let mut deb = Package::new(Ecosystem::Deb, "libc6", "1:2.36-9+deb12u8");
        deb.namespace = Some("debian".into());
        deb.architecture = Some("amd64".into());
        assert_eq!(deb.purl(), "pkg:deb/debian/libc6@1:2.36-9%2Bdeb12u8?arch=amd64");
        let mut rpm = Package::new(Ecosystem::Rpm, "openssl-libs", "1:3.0.7-1.el9");
        rpm.namespace = Some("redhat".into());
        assert_eq!(rpm.purl(), "pkg:rpm/redhat/openssl-libs@3.0.7-1.el9?epoch=1");
    }

    #[test]
    fn odd_names_still_have_a_purl() {
        for name in ["", "a b", "\u{0}", "../x", "@", ":", "%"] {
            for ecosystem in Ecosystem::ALL {
                assert!(Package::new(*ecosystem, name, "\u{7f}1").purl().starts_with("pkg:"));
            }
        }
    }
}
