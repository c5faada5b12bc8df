//! Versions of every scheme.

use seawall_advisory::{Scheme, compare, matches_constraint};

use super::{Target, target};

pub(super) fn targets() -> Vec<Target> {
    vec![target("version", &["version"], |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let mut lines = text.lines();
        let (a, b) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
        for scheme in Scheme::ALL {
            if let (Ok(one), Ok(other)) = (compare(*scheme, a, b), compare(*scheme, b, a)) {
                assert_eq!(one, other.reverse(), "{} {a:?} {b:?}", scheme.id());
            }
            let _ = matches_constraint(*scheme, a, b);
        }
    })]
}
