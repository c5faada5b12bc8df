use std::fmt;
use std::str::FromStr;

use seawall_model::Digest;

/// The registry that is meant where a reference names none, as every client has it.
pub const DEFAULT_REGISTRY: &str = "docker.io";
/// The host that answers for [`DEFAULT_REGISTRY`]: the short name itself serves no images.
pub(crate) const DEFAULT_REGISTRY_HOST: &str = "registry-1.docker.io";
/// The folder of the default registry that is meant where a reference names none.
const DEFAULT_FOLDER: &str = "library/";
/// The tag that is meant where a reference names neither tag nor digest.
const DEFAULT_TAG: &str = "latest";
/// Longest registry and repository together.
const MAX_NAME: usize = 255;
const MAX_TAG: usize = 128;

/// The name of an image in a registry: `[HOST[:PORT]/]REPOSITORY[:TAG][@sha256:…]`, normalised: without a host the
/// default registry is meant, and there `name` means `library/name`
/// ([OCI distribution specification](https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests)
/// and the grammar of the reference implementation's `reference` package).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageReference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// Why a text is not an image reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an image reference: {reason} (at character {position})")]
pub struct ImageReferenceError {
    /// The text, its beginning where it is long.
    pub text: String,
    /// Where it goes wrong: the character, counted from 1.
    pub position: usize,
    /// What is wrong.
    pub reason: String,
}

impl ImageReference {
    /// Host and, where one is written, port.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The path within the registry: `library/alpine`.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag as written; a digest beside it is what counts.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest of the manifest, where one is written.
    pub fn digest(&self) -> Option<Digest> {
        self.digest
    }

    /// What a registry is asked for: the digest, else the tag, else `latest`.
    pub(crate) fn wanted(&self) -> String {
        match self.digest {
            Some(digest) => digest.to_string(),
            None => self.tag.as_deref().unwrap_or(DEFAULT_TAG).to_owned(),
        }
    }
}

impl fmt::Display for ImageReference {
    /// The whole name, with nothing left out: what two spellings of one image have in common.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        match (&self.tag, self.digest) {
            (Some(tag), _) => write!(f, ":{tag}")?,
            (None, None) => write!(f, ":{DEFAULT_TAG}")?,
            (None, Some(_)) => {}
        }
        match self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

impl FromStr for ImageReference {
    type Err = ImageReferenceError;

    fn from_str(text: &str) -> Result<Self, ImageReferenceError> {
        read(text).map_err(|(at, reason)| ImageReferenceError {
            text: text.chars().filter(|c| !c.is_control()).take(300).collect(),
            position: text.get(..at).map_or(0, |before| before.chars().count()).saturating_add(1),
            reason,
        })
    }
}

/// A byte offset and what is wrong there.
type Wrong = (usize, String);

fn wrong<T>(at: usize, reason: impl Into<String>) -> Result<T, Wrong> {
    Err((at, reason.into()))
}

fn read(text: &str) -> Result<ImageReference, Wrong> {
    if text.is_empty() {
        return wrong(0, "it is empty");
    }
    let (named, digest) = match text.split_once('@') {
        None => (text, None),
        Some((named, digest)) => match digest.parse::<Digest>() {
            Ok(digest) => (named, Some(digest)),
            Err(error) => return wrong(named.len().saturating_add(1), error.to_string()),
        },
    };
    // A colon behind the last slash begins a tag, one before it a port.
    let path = named.rfind('/').map_or(0, |at| at.saturating_add(1));
    let (name, tag) = match named.get(path..).and_then(|last| last.find(':')) {
        None => (named, None),
        Some(colon) => {
            let at = path.saturating_add(colon);
            let tag = named.get(at.saturating_add(1)..).unwrap_or_default();
            check_tag(tag, at.saturating_add(1))?;
            (named.get(..at).unwrap_or_default(), Some(tag.to_owned()))
        }
    };
    let (registry, repository, start) = match name.split_once('/') {
        Some((first, rest)) if is_host(first) => {
            check_host(first)?;
            (first.to_owned(), rest, first.len().saturating_add(1))
        }
        _ => (DEFAULT_REGISTRY.to_owned(), name, 0),
    };
    check_repository(repository, start)?;
    let repository = if registry == DEFAULT_REGISTRY && !repository.contains('/') {
        if repository.len() == 64 && repository.bytes().all(|b| b.is_ascii_hexdigit()) {
            return wrong(start, "64 hexadecimal digits are an image id, which a registry does not know");
        }
        format!("{DEFAULT_FOLDER}{repository}")
    } else {
        repository.to_owned()
    };
    let length = registry.len().saturating_add(1).saturating_add(repository.len());
    if length > MAX_NAME {
        return wrong(
            MAX_NAME.min(name.len()),
            format!("its name has {length} characters, over the {MAX_NAME} allowed"),
        );
    }
    Ok(ImageReference { registry, repository, tag, digest })
}

/// Whether the first part of a name is a host rather than a folder: only a host has a dot, a port or capital letters.
fn is_host(first: &str) -> bool {
    first == "localhost" || first.contains(['.', ':', '[']) || first.bytes().any(|b| b.is_ascii_uppercase())
}

pub(crate) fn check_host(host: &str) -> Result<(), Wrong> {
    let (name, port, after) = if let Some(rest) = host.strip_prefix('[') {
        let Some((address, after)) = rest.split_once(']') else { return wrong(0, "`]` is missing") };
        if address.parse::<std::net::Ipv6Addr>().is_err() {
            return wrong(1, "it is not an IPv6 address");
        }
        let at = address.len().saturating_add(2);
        match after.strip_prefix(':') {
            Some(port) => (None, Some(port), at.saturating_add(1)),
            None if after.is_empty() => (None, None, at),
            None => return wrong(at, "a port is expected after `]`"),
        }
    } else {
        match host.split_once(':') {
            Some((name, port)) => (Some(name), Some(port), name.len().saturating_add(1)),
            None => (Some(host), None, 0),
        }
    };
    let mut at = 0usize;
    for label in name.into_iter().flat_map(|name| name.split('.')) {
        if let Some(odd) = label.bytes().position(|b| !b.is_ascii_alphanumeric() && b != b'-') {
            return wrong(at.saturating_add(odd), "a host is letters, digits, `-` and `.`");
        }
        if label.is_empty() || label.starts_with('-') || label.ends_with('-') {
            return wrong(at, "a part of the host is empty, or begins or ends with `-`");
        }
        at = at.saturating_add(label.len()).saturating_add(1);
    }
    match port {
        Some(port) if port.parse::<u16>().is_err() || !port.bytes().all(|b| b.is_ascii_digit()) => {
            wrong(after, "a port is a number up to 65535")
        }
        _ => Ok(()),
    }
}

/// Parts of small letters and digits, within a part separated by `.`, `_`, `__` or any number of `-`.
fn check_repository(repository: &str, start: usize) -> Result<(), Wrong> {
    let mut at = start;
    for part in repository.split('/') {
        if part.is_empty() {
            return wrong(at, "a part of the name is empty");
        }
        let mut separator = String::new();
        for (offset, letter) in part.char_indices() {
            let here = at.saturating_add(offset);
            match letter {
                'a'..='z' | '0'..='9' => {
                    if !matches!(separator.as_str(), "" | "." | "_" | "__") && separator.contains(['.', '_']) {
                        return wrong(
                            here.saturating_sub(separator.len()),
                            format!("`{separator}` is not a separator"),
                        );
                    }
                    separator.clear();
                }
                '.' | '_' | '-' if offset > 0 => separator.push(letter),
                '.' | '_' | '-' => return wrong(here, "a part of the name begins with a separator"),
                'A'..='Z' => return wrong(here, "a name is in small letters"),
                _ => return wrong(here, "a name is small letters, digits, `.`, `_`, `-` and `/`"),
            }
        }
        at = at.saturating_add(part.len());
        if !separator.is_empty() {
            return wrong(at.saturating_sub(separator.len()), "a part of the name ends with a separator");
        }
        at = at.saturating_add(1);
    }
    Ok(())
}

fn check_tag(tag: &str, start: usize) -> Result<(), Wrong> {
    if tag.is_empty() {
        return wrong(start, "the tag is empty");
    }
    for (offset, letter) in tag.char_indices() {
        let word = letter.is_ascii_alphanumeric() || letter == '_';
        if !word && (offset == 0 || !matches!(letter, '.' | '-')) {
            return wrong(
                start.saturating_add(offset),
                "a tag is letters, digits, `_`, and after the first also `.` and `-`",
            );
        }
    }
    if tag.len() > MAX_TAG {
        return wrong(start.saturating_add(MAX_TAG), format!("a tag has at most {MAX_TAG} characters"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn parts(text: &str) -> (String, String, Option<String>, bool) {
        let read: ImageReference = text.parse().unwrap_or_else(|e| panic!("{e}"));
        (read.registry, read.repository, read.tag, read.digest.is_some())
    }

    #[test]
    fn names_are_normalised() {
        let default = |repository: &str, tag: Option<&str>, digest| {
            (DEFAULT_REGISTRY.to_owned(), repository.to_owned(), tag.map(str::to_owned), digest)
        };
        assert_eq!(parts("alpine"), default("library/alpine", None, false));
        assert_eq!(parts("alpine:3.20"), default("library/alpine", Some("3.20"), false));
        assert_eq!(parts(&format!("alpine:3.20@{DIGEST}")), default("library/alpine", Some("3.20"), true));
        assert_eq!(parts(&format!("team/app@{DIGEST}")), default("team/app", None, true));
        assert_eq!(parts(&format!("{DEFAULT_REGISTRY}/alpine")), default("library/alpine", None, false));
        assert_eq!(parts("a/b__c/d---e.f"), default("a/b__c/d---e.f", None, false));
        let other = |host: &str, tag: Option<&str>| (host.to_owned(), "app".to_owned(), tag.map(str::to_owned), false);
        assert_eq!(parts("localhost/app"), other("localhost", None));
        assert_eq!(parts("localhost:5000/app:1"), other("localhost:5000", Some("1")));
        assert_eq!(parts("HOST/app"), other("HOST", None));
        assert_eq!(parts("registry.example:443/app:V_1.0-x"), other("registry.example:443", Some("V_1.0-x")));
        assert_eq!(parts("[::1]:5000/app"), other("[::1]:5000", None));
        assert_eq!(parts("127.0.0.1/app"), other("127.0.0.1", None));
    }

    #[test]
    fn the_whole_name_reads_back() {
        for (text, whole) in [
            ("h.example/app", "h.example/app:latest".to_owned()),
            ("h.example/app:1", "h.example/app:1".to_owned()),
            (&format!("h.example/app@{DIGEST}"), format!("h.example/app@{DIGEST}")),
            ("app", format!("{DEFAULT_REGISTRY}/library/app:latest")),
        ] {
            let read: ImageReference = text.parse().expect("a reference");
            assert_eq!(read.to_string(), whole);
            assert_eq!(whole.parse::<ImageReference>().expect("a reference").to_string(), whole);
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_position() {
        let long_tag = format!("app:{}", "x".repeat(129));
        let long_name = "x/".repeat(130) + "x";
        let id = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        for (text, position, reason) in [
            ("", 1, "empty"),
            ("Alpine", 1, "small letters"),
            ("app:", 5, "tag is empty"),
            ("app:-x", 5, "a tag is"),
            ("app:a b", 6, "a tag is"),
            (&long_tag, 133, "at most 128"),
            ("a//b", 3, "empty"),
            ("/app", 1, "empty"),
            ("app/", 5, "empty"),
            ("a/b_.c", 4, "not a separator"),
            ("a/b___c", 4, "not a separator"),
            ("a/.b", 3, "begins with"),
            ("a/b-", 4, "ends with"),
            ("häuser", 2, "a name is"),
            ("a/../b", 3, "begins with"),
            ("h.example:99999/app", 11, "port"),
            ("h.example:/app", 11, "port"),
            ("h..example/app", 3, "empty"),
            ("h.ex_ample/app", 5, "a host is"),
            ("[::z]/app", 2, "IPv6"),
            ("user:secret@h.example/app", 13, "digest"),
            ("app@sha256:00", 5, "digest"),
            ("app@md5:00", 5, "algorithm"),
            (id, 1, "image id"),
            (&long_name, 256, "255"),
            ("app\n", 4, "a name is"),
        ] {
            let error = text.parse::<ImageReference>().expect_err(text);
            assert_eq!((error.position, error.reason.contains(reason)), (position, true), "{text:?}: {error}");
        }
    }
}
