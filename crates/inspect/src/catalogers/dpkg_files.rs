//! Which files each Debian package owns: dpkg's lists, and the checksums that distroless images keep instead.
//!
//! Specification: <https://manpages.debian.org/stable/dpkg/dpkg.1.en.html#FILES> and
//! <https://manpages.debian.org/stable/dpkg-dev/deb-md5sums.5.en.html>.

use seawall_model::Ecosystem;

use super::os_bounds::{Bounds, owns, text};
use crate::Paths;
use crate::unit::{Cataloger, File, Files, Need, Observer, Want};

/// The list of a package with 200,000 files has 16 MB.
const NEED: Need = Need::Content(64 << 20);

/// Reads dpkg's file lists.
pub(super) struct DebianDpkgFiles;

impl Cataloger for DebianDpkgFiles {
    fn id(&self) -> &'static str {
        "debian-dpkg-files"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> &'static str {
        "Reads which files each Debian package owns."
    }

    fn specification(&self) -> &'static str {
        "https://manpages.debian.org/stable/dpkg/dpkg.1.en.html#FILES"
    }

    fn wants(&self) -> &'static [Want] {
        &[
            Want { files: Files::In("var/lib/dpkg/info", ".list"), need: NEED },
            Want { files: Files::In("var/lib/dpkg/status.d", ".md5sums"), need: NEED },
        ]
    }

    fn catalog(&self, file: &File<'_>, seen: &mut Observer<'_>) {
        let text = text(file.content);
        let mut bounds = Bounds::new();
        let mut files = Paths::default();
        let name = if let Some(name) = file.name().strip_suffix(".list") {
            let mut start = 0;
            for end in memchr::memchr_iter(b'\n', text.as_bytes()).chain([text.len()]) {
                let path = text.get(start..end).unwrap_or_default();
                start = end.saturating_add(1);
                // A folder stands right before what is in it; an empty one passes for a file, which does no harm.
                // The last byte is looked at first: it tells most paths from the ones before them.
                let next = text.as_bytes().get(start..).unwrap_or_default();
                let is_folder = next.get(path.len()) == Some(&b'/') && next.starts_with(path.as_bytes());
                if !is_folder {
                    bounds.path(&mut files, "", path);
                }
            }
            name
        } else {
            let digests = text.lines().filter_map(|line| line.split_once(char::is_whitespace));
            for (_, path) in digests {
                bounds.path(&mut files, "", path.trim_start());
            }
            file.name().trim_end_matches(".md5sums")
        };
        owns(seen, Ecosystem::Deb, name, files);
        bounds.report(seen);
    }
}
