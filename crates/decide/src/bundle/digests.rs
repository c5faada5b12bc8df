//! Programs that never may run: the list `digests` of a `runtime` entry.

use seawall_model::Digest;

use crate::reader::Reader;
use crate::yaml::Node;

/// Digests of one entry.
const MAX_DIGESTS: usize = 10_000;

/// Reads a list; sorted, each once.
pub(super) fn list(reader: &mut Reader<'_>, node: &Node) -> Vec<Digest> {
    let mut digests = Vec::new();
    for item in reader.list(node, MAX_DIGESTS) {
        match reader.text(item).map(str::parse::<Digest>) {
            Some(Ok(digest)) => digests.push(digest),
            Some(Err(error)) => {
                reader.fail_at(item, error.to_string(), Some("write sha256: and what `sha256sum FILE` says"));
            }
            None => {}
        }
    }
    digests.sort_unstable();
    digests.dedup();
    digests
}

#[cfg(test)]
mod tests {
    use crate::{Bundle, RuntimeDenial};

    #[test]
    fn digests_are_read_and_what_is_none_is_refused() {
        let (a, b) = ("a".repeat(64), "b".repeat(64));
        let text = format!(
            "apiVersion: seawall/v1\nname: run\nruntime:\n  - id: web\n    mode: enforce\n    \
             digests: ['sha256:{b}', 'sha256:{a}', 'sha256:{b}']\n"
        );
        let bundle = Bundle::load("p.yaml", &text).expect("loads");
        let entry = bundle.runtime().next().expect("one");
        assert_eq!(entry.digests.iter().map(|d| d.hex()).collect::<Vec<_>>(), [a, b]);
        assert_eq!(entry.deny, [RuntimeDenial::Digests]);
        let error = Bundle::load("p.yaml", &text.replacen("sha256:b", "sha1:b", 1)).expect_err("refused").to_string();
        assert!(error.starts_with("p.yaml:6:15") && error.contains("hint: write sha256:"), "{error}");
    }
}
