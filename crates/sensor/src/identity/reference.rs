use seawall_model::Container;

/// An image reference in its parts
/// ([distribution's grammar](https://pkg.go.dev/github.com/distribution/reference)), as written: nothing is added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parts<'a> {
    pub(super) repository: &'a str,
    pub(super) tag: Option<&'a str>,
    pub(super) digest: Option<&'a str>,
}

/// The parts of a reference; none where it is an image's identifier or nothing.
pub(super) fn parts(text: &str) -> Option<Parts<'_>> {
    if text.is_empty() || is_id(text) {
        return None;
    }
    let (name, digest) = match text.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (text, None),
    };
    // A colon after the last slash begins a tag; one before it a port.
    let (repository, tag) = match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
        _ => (name, None),
    };
    (!repository.is_empty()).then_some(Parts { repository, tag, digest })
}

/// `sha256:…`, or so many hexadecimal digits that no one means a name.
pub(super) fn is_id(text: &str) -> bool {
    let hex = text.strip_prefix("sha256:").unwrap_or(text);
    let enough = if hex.len() == text.len() { hex.len() == 64 } else { hex.len() >= 12 };
    enough && hex.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The same repository in the words of Docker, of Kubernetes, and of Podman.
fn same_repository(a: &str, b: &str) -> bool {
    fn short(text: &str) -> &str {
        let text = text.strip_prefix("docker.io/").or_else(|| text.strip_prefix("index.docker.io/")).unwrap_or(text);
        text.strip_prefix("library/").unwrap_or(text)
    }
    short(a) == short(b)
}

/// Fills a container's repository, tag and digest from its image's reference, and where that leaves them open from the
/// tags and digests under which the engine has the image.
pub(super) fn fill_image(container: &mut Container, tags: &[String], digests: &[String]) {
    let image = container.image.clone().unwrap_or_default();
    let mut written = parts(&image);
    if written.is_none() {
        // Started by its identifier: the engine's first name for it.
        written = tags.iter().chain(digests).find_map(|name| parts(name));
    }
    let Some(written) = written else { return };
    container.image_repository.get_or_insert_with(|| written.repository.to_owned());
    if container.image_tag.is_none() {
        // A name without both means the newest, to every engine.
        let latest = written.digest.is_none().then_some("latest");
        container.image_tag = written.tag.or(latest).map(str::to_owned);
    }
    if container.image_digest.is_none() {
        let known = digests.iter().filter_map(|name| parts(name));
        let mut known = known.filter_map(|other| Some((other.repository, other.digest?)));
        let digest = written.digest.or_else(|| {
            let first = known.clone().next();
            known.find(|(other, _)| same_repository(other, written.repository)).or(first).map(|(_, digest)| digest)
        });
        container.image_digest = digest.map(str::to_owned);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_split() {
        let digest = format!("sha256:{}", "a".repeat(64));
        for (text, repository, tag, has_digest) in [
            ("busybox".to_owned(), "busybox", None, false),
            ("busybox:1.36".to_owned(), "busybox", Some("1.36"), false),
            ("localhost:5000/team/app".to_owned(), "localhost:5000/team/app", None, false),
            ("localhost:5000/team/app:1".to_owned(), "localhost:5000/team/app", Some("1"), false),
            (format!("docker.io/library/redis@{digest}"), "docker.io/library/redis", None, true),
            (format!("r.example/x:1@{digest}"), "r.example/x", Some("1"), true),
        ] {
            let found = parts(&text).expect("a reference");
            assert_eq!((found.repository, found.tag, found.digest.is_some()), (repository, tag, has_digest), "{text}");
        }
        for text in [String::new(), digest.clone(), "a".repeat(64), "sha256:0123456789ab".to_owned(), ":x".to_owned()] {
            assert_eq!(parts(&text), None, "{text}");
        }
        // Shorter hexadecimal words are names.
        assert!(parts("deadbeef").is_some());
    }

    #[test]
    fn what_a_reference_leaves_open_the_engine_knows() {
        let a = format!("sha256:{}", "a".repeat(64));
        let b = format!("sha256:{}", "b".repeat(64));
        let tags = ["team/app:1".to_owned()];
        let digests = [format!("mirror.example/app@{a}"), format!("docker.io/team/app@{b}")];
        let fill = |image: &str| {
            let mut container = Container { image: Some(image.to_owned()), ..Container::default() };
            fill_image(&mut container, &tags, &digests);
            (container.image_repository, container.image_tag, container.image_digest)
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(fill("team/app"), (some("team/app"), some("latest"), some(&b)));
        assert_eq!(fill("team/app:1"), (some("team/app"), some("1"), some(&b)));
        assert_eq!(fill("other/app:1"), (some("other/app"), some("1"), some(&a)));
        assert_eq!(fill(&a), (some("team/app"), some("1"), some(&b)));
        assert_eq!(fill(&format!("x/y@{a}")), (some("x/y"), None, some(&a)));
    }
}
