//! Package URLs as they stand in SBOMs ([purl](https://github.com/package-url/purl-spec/blob/main/PURL-SPECIFICATION.rst)),
//! read leniently: tools differ in what they encode.

use seawall_model::Ecosystem;

/// A longer one is nobody's.
const MAX_PURL: usize = 4 << 10;
/// More qualifiers than this are not kept.
const MAX_QUALIFIERS: usize = 32;

/// A purl in parts, decoded; a part that is not there is empty.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Purl {
    /// Lower case.
    pub(super) kind: String,
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) version: String,
    pub(super) subpath: String,
    qualifiers: Vec<(String, String)>,
}

impl Purl {
    /// The parts of a purl; `None` where it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let rest = text.trim().strip_prefix("pkg:").filter(|_| text.len() <= MAX_PURL)?;
        let (rest, subpath) = rest.split_once('#').unwrap_or((rest, ""));
        let (rest, qualifiers) = rest.split_once('?').unwrap_or((rest, ""));
        let (kind, rest) = rest.trim_start_matches('/').split_once('/')?;
        // An `@` that begins a segment is an npm scope which someone left as it is.
        let at = rest.rfind('@').filter(|at| !matches!(rest.get(..*at), None | Some("")) && !before(rest, *at, '/'));
        let (path, version) = match at {
            Some(at) => (rest.get(..at)?, rest.get(at.saturating_add(1)..)?),
            None => (rest, ""),
        };
        let path = path.trim_matches('/');
        let (namespace, name) = path.rsplit_once('/').unwrap_or(("", path));
        let (kind, name) = (kind.to_ascii_lowercase(), decode(name));
        let is_kind = kind.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'+' | b'-'));
        if kind.is_empty() || !is_kind || name.is_empty() {
            return None;
        }
        let qualifiers = qualifiers.split('&').take(MAX_QUALIFIERS).filter_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            Some((key.to_ascii_lowercase(), decode(value)))
        });
        Some(Self {
            kind,
            namespace: decode(namespace),
            name,
            version: decode(version),
            subpath: decode(subpath.trim_matches('/')),
            qualifiers: qualifiers.collect(),
        })
    }

    /// The value of a qualifier, where it is there and not empty.
    pub(super) fn qualifier(&self, key: &str) -> Option<&str> {
        self.qualifiers.iter().find(|(k, v)| k == key && !v.is_empty()).map(|(_, v)| v.as_str())
    }

    /// Namespace and name as the model keeps them: languages write their names whole.
    pub(super) fn names(&self, ecosystem: Ecosystem) -> (Option<String>, String) {
        let namespace = self.namespace.as_str();
        if namespace.is_empty() {
            return (None, self.name.clone());
        }
        let whole = match ecosystem {
            Ecosystem::Maven => format!("{namespace}:{}", self.name),
            // Every npm name with two parts has a scope.
            Ecosystem::Npm if !namespace.starts_with('@') => format!("@{namespace}/{}", self.name),
            Ecosystem::Npm | Ecosystem::Golang | Ecosystem::Composer | Ecosystem::Swift => {
                format!("{namespace}/{}", self.name)
            }
            _ => return (Some(namespace.to_owned()), self.name.clone()),
        };
        (None, whole)
    }
}

fn before(text: &str, at: usize, c: char) -> bool {
    text.get(..at).is_some_and(|head| head.ends_with(c))
}

/// Percent-decoding; what is no encoding stays as it is, and bytes that are no text are replaced.
fn decode(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let digit = |b: Option<&u8>| b.and_then(|b| char::from(*b).to_digit(16)).and_then(|d| u8::try_from(d).ok());
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, digit(tail.first()), digit(tail.get(1))) {
            (b'%', Some(high), Some(low)) => {
                out.push(high << 4 | low);
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => out.push(*first),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_whatever_is_encoded() {
        let parts = |text| {
            let p: Purl = Purl::parse(text).unwrap_or_else(|| panic!("{text}"));
            let ecosystem = Ecosystem::from_purl_type(&p.kind).unwrap_or(Ecosystem::Generic);
            let (namespace, name) = p.names(ecosystem);
            (namespace.unwrap_or_default(), name, p.version)
        };
        let whole = |name: &str, version: &str| (String::new(), name.to_owned(), version.to_owned());
        assert_eq!(parts("pkg:npm/%40babel/core@7.0.0"), whole("@babel/core", "7.0.0"));
        assert_eq!(parts("pkg:npm/@babel/core@7.0.0"), whole("@babel/core", "7.0.0"));
        assert_eq!(parts("pkg:npm/babel/core"), whole("@babel/core", ""));
        assert_eq!(parts("pkg:npm/@babel/core"), whole("@babel/core", ""));
        assert_eq!(parts("pkg:npm/%40babel%2Fcore@1"), whole("@babel/core", "1"));
        assert_eq!(parts("pkg:MAVEN/org.a/b@1?type=jar"), whole("org.a:b", "1"));
        assert_eq!(parts("pkg://golang/github.com/a/b@v1.0.0%2Bx#c/d"), whole("github.com/a/b", "v1.0.0+x"));
        assert_eq!(parts("pkg:deb/debian/a@1%3A2-3").0, "debian");
        for bad in ["", "pkg:", "pkg:npm", "pkg:npm/", "npm/a@1", "pkg:n m/a", "pkg:/a@1"] {
            assert_eq!(Purl::parse(bad), None, "{bad}");
        }
        let rpm = Purl::parse("pkg:rpm/redhat/a@1?Epoch=1&arch=&distro=rhel-8.9&odd").expect("a purl");
        assert_eq!((rpm.qualifier("epoch"), rpm.qualifier("arch")), (Some("1"), None));
        assert_eq!(decode("%41%4%zz%ff%"), "A%4%zz\u{fffd}%");
    }
}
