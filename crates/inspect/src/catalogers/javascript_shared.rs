//! What the readers of JavaScript files share: integrity digests, descriptors and the tree of `node_modules`.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::text::is_inside;
use crate::unit::File;

/// Whether a lockfile came along inside an installed package, and so describes that package's own development.
pub(super) fn is_shipped(file: &File<'_>) -> bool {
    is_inside(file.path, "node_modules")
}

/// Splits a path at its last `node_modules`: the folder above, and the name below (`a`, `@scope/a`, or a path).
pub(super) fn split_place(path: &str) -> Option<(&str, &str)> {
    let (above, name) = path.rsplit_once("node_modules/")?;
    (above.is_empty() || above.ends_with('/')).then(|| (above.trim_end_matches('/'), name))
}

/// The digests of a [subresource integrity](https://www.w3.org/TR/SRI/) text as `algorithm:hex`.
pub(super) fn checksums(integrity: &str) -> Vec<String> {
    let one = |part: &str| {
        let (algorithm, digest) = part.split_once('-')?;
        let bytes = match algorithm {
            "sha1" => 20,
            "sha256" => 32,
            "sha384" => 48,
            "sha512" => 64,
            _ => return None,
        };
        let digest = STANDARD.decode(digest.split('?').next()?).ok()?;
        (digest.len() == bytes).then(|| format!("{algorithm}:{}", hex(&digest)))
    };
    integrity.split_ascii_whitespace().take(8).filter_map(one).collect()
}

fn hex(bytes: &[u8]) -> String {
    let nibble = |n: u8| char::from_digit(u32::from(n), 16).unwrap_or('0');
    bytes.iter().flat_map(|b| [nibble(b >> 4), nibble(b & 15)]).collect()
}

/// The digest that a tarball's address carries: `https://…/a-1.0.0.tgz#<40 hexadecimal digits>`.
pub(super) fn fragment_checksum(address: &str) -> Option<String> {
    let (_, fragment) = address.rsplit_once('#')?;
    let is_sha1 = fragment.len() == 40 && fragment.bytes().all(|b| b.is_ascii_hexdigit());
    is_sha1.then(|| format!("sha1:{}", fragment.to_ascii_lowercase()))
}

/// Splits `name@rest` and `@scope/name@rest`.
pub(super) fn split_descriptor(text: &str) -> Option<(&str, &str)> {
    let skip = usize::from(text.starts_with('@'));
    let at = text.get(skip..)?.find('@')?.checked_add(skip)?;
    let (name, rest) = (text.get(..at)?, text.get(at.checked_add(1)?..)?);
    (!name.is_empty()).then_some((name, rest))
}

/// Whether what follows the `@` of a descriptor points to code on this machine: the project's own, not a package.
pub(super) fn is_local(reference: &str) -> bool {
    ["link:", "workspace:", "portal:", "root:", "file:"].iter().any(|protocol| reference.starts_with(protocol))
}

/// Deeper trees of `node_modules` are not looked through.
const MAX_DEPTH: usize = 64;

/// The tree of `node_modules`, for finding which of several versions a package gets.
#[derive(Default)]
pub(super) struct Tree<'a> {
    parents: Vec<usize>,
    children: HashMap<(usize, &'a str), usize>,
}

impl<'a> Tree<'a> {
    /// The project itself.
    pub(super) const ROOT: usize = 0;

    /// A tree of the project alone.
    pub(super) fn new() -> Self {
        Self { parents: vec![Self::ROOT], children: HashMap::new() }
    }

    /// Adds a node below another and gives its number; numbers rise by one.
    pub(super) fn add(&mut self, parent: usize, name: &'a str) -> usize {
        let node = self.parents.len();
        self.parents.push(parent);
        self.children.insert((parent, name), node);
        node
    }

    /// The package that `name` means where `node` asks for it: its own folder first, then each folder above.
    pub(super) fn resolve(&self, mut node: usize, name: &str) -> Option<usize> {
        for _ in 0..MAX_DEPTH {
            if let Some(found) = self.children.get(&(node, name)) {
                return Some(*found);
            }
            if node == Self::ROOT {
                return None;
            }
            node = self.parents.get(node).copied().unwrap_or(Self::ROOT);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integrity_becomes_hexadecimal() {
        assert_eq!(checksums("sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk="), ["sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709"]);
        assert_eq!(checksums("sha1-AAAA md5-AAAA sha512-!"), Vec::<String>::new());
    }

    #[test]
    fn descriptors_split_behind_the_scope() {
        assert_eq!(split_descriptor("@a/b@npm:^1"), Some(("@a/b", "npm:^1")));
        assert_eq!(split_descriptor("a@1@2"), Some(("a", "1@2")));
        assert_eq!(split_descriptor("@a/b"), None);
        assert_eq!(split_descriptor(""), None);
    }
}
