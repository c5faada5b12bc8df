//! Paths from what the kernel gave: walked ones are turned round, relative ones joined.

use seawall_model::ByteString;

/// Longer paths than the kernel's own limit do not come from it.
const LONGEST: usize = 4096;

/// A walked path (`enum walk_end` and components, leaf first). A path that the walk did not reach the root of begins with
/// `...`, so that it never looks like a whole one.
pub(crate) fn walked(part: &[u8]) -> ByteString {
    let Some((end, components)) = part.split_first() else { return ByteString::default() };
    let mut path = Vec::with_capacity(components.len() + 4);
    if *end == 2 {
        path.extend_from_slice(b"...");
    }
    let components = components.strip_suffix(b"\0").unwrap_or(components);
    if components.is_empty() {
        path.push(b'/');
    }
    for component in components.rsplit(|b| *b == 0) {
        if component.is_empty() {
            continue;
        }
        // The outermost dentry of a pseudo file system is its own name: `/memfd:x`, `pipe:[1]`.
        path.push(b'/');
        path.extend_from_slice(component.strip_prefix(b"/").unwrap_or(component));
    }
    path.into()
}

/// A path made absolute against a folder, with `.`, `..` and doubled `/` taken out as text: symbolic links are not
/// followed, which is what Falco's fields mean.
pub(crate) fn absolute(folder: &[u8], given: &[u8]) -> ByteString {
    let mut path: Vec<u8> = Vec::with_capacity(folder.len() + given.len() + 1);
    let parts: [&[u8]; 2] = if given.starts_with(b"/") { [b"", given] } else { [folder, given] };
    for component in parts.iter().flat_map(|p| p.split(|b| *b == b'/')) {
        match component {
            b"" | b"." => {}
            b".." => {
                let parent = path.iter().rposition(|b| *b == b'/').unwrap_or(0);
                path.truncate(parent);
            }
            _ if path.len() + component.len() >= LONGEST => break,
            _ => {
                path.push(b'/');
                path.extend_from_slice(component);
            }
        }
    }
    if path.is_empty() {
        path.push(b'/');
    }
    path.into()
}

#[cfg(test)]
mod tests {
    use super::{absolute, walked};

    #[test]
    fn joins_as_text() {
        for (folder, given, expected) in [
            ("/", "etc/passwd", "/etc/passwd"),
            ("/home/x", "../y/./z", "/home/y/z"),
            ("/home/x", "/etc//../etc/shadow", "/etc/shadow"),
            ("/", "../../..", "/"),
            ("", "a", "/a"),
            ("/a", "", "/a"),
        ] {
            assert_eq!(&*absolute(folder.as_bytes(), given.as_bytes()), expected.as_bytes(), "{folder} {given}");
        }
    }

    #[test]
    fn walks_turn_round() {
        assert_eq!(&*walked(b"\x01bash\0bin\0usr\0"), b"/usr/bin/bash");
        assert_eq!(&*walked(b"\x01"), b"/");
        assert_eq!(&*walked(b"\x02c\0b\0"), b".../b/c");
        assert_eq!(&*walked(b""), b"");
    }
}
