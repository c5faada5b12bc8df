use std::fmt;

use serde::{Deserialize, Serialize};

/// Many paths in one text: an image has tens of thousands, and a text of its own for each would weigh more than the paths.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paths {
    /// Each ended by a NUL, which no path has in it.
    joined: String,
}

impl fmt::Debug for Paths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Paths {
    /// Adds `folder`/`name`, or the name alone where the folder is empty. What has a NUL in it is no path, and left out.
    pub fn push(&mut self, folder: &str, name: &str) {
        if [folder, name].iter().any(|part| memchr::memchr(0, part.as_bytes()).is_some()) {
            return;
        }
        self.joined.push_str(folder);
        if !folder.is_empty() {
            self.joined.push('/');
        }
        self.joined.push_str(name);
        self.joined.push('\0');
    }

    /// The paths, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &str> + Clone {
        self.joined.split_terminator('\0')
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.joined.is_empty()
    }

    /// Gives back what is held in reserve.
    pub(crate) fn shrink_to_fit(&mut self) {
        self.joined.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_come_back_in_order() {
        let mut paths = Paths::default();
        assert!(paths.is_empty() && paths.iter().next().is_none());
        paths.push("usr/bin", "ls");
        paths.push("", "a");
        paths.push("b\0", "c");
        assert_eq!(paths.iter().collect::<Vec<_>>(), ["usr/bin/ls", "a"]);
    }
}
