//! Archives that say nothing of themselves, by the digest of their bytes.

use std::collections::HashMap;

use seawall_model::{Ecosystem, Evidence, Package, Recognition};

/// Known archives: SHA-1 → `group:artifact` and version.
///
/// The text form has one archive a line, `sha1<TAB>group:artifact<TAB>version`; empty lines and lines that begin with `#` say
/// nothing.
#[derive(Debug, Clone, Default)]
pub struct Sha1Table(HashMap<[u8; 20], (String, String)>);

/// Why a table is not one.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("line {0} of the table of digests is not `sha1<TAB>group:artifact<TAB>version`")]
pub struct Sha1TableError(usize);

impl Sha1Table {
    /// Reads the text form.
    ///
    /// # Errors
    /// The first line that does not fit.
    pub fn parse(text: &str) -> Result<Self, Sha1TableError> {
        let mut table = HashMap::new();
        for (index, line) in text.lines().enumerate().filter(|(_, l)| !l.is_empty() && !l.starts_with('#')) {
            let mut fields = line.split('\t');
            let entry = match (fields.next(), fields.next(), fields.next(), fields.next()) {
                (Some(digest), Some(name), Some(version), None) if name.contains(':') && !version.is_empty() => {
                    bytes(digest).map(|digest| (digest, (name.to_owned(), version.to_owned())))
                }
                _ => None,
            };
            let (digest, known) = entry.ok_or(Sha1TableError(index.saturating_add(1)))?;
            table.insert(digest, known);
        }
        Ok(Self(table))
    }

    /// `group:artifact` and version of the archive with this SHA-1, as hexadecimal.
    pub fn get(&self, digest: &str) -> Option<(&str, &str)> {
        self.0.get(&bytes(digest)?).map(|(name, version)| (name.as_str(), version.as_str()))
    }
}

fn bytes(digest: &str) -> Option<[u8; 20]> {
    let mut bytes = [0; 20];
    if digest.len() != 40 || !digest.is_ascii() {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digest.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// Names the Java archives that the table knows: a package of a known digest takes the table's name and version, and its
/// evidence says so. What is contained in it follows.
pub fn apply_sha1_table(packages: &mut [Package], table: &Sha1Table) {
    let mut renamed = HashMap::new();
    for package in packages.iter_mut().filter(|p| p.ecosystem == Ecosystem::Maven) {
        let known = package.checksums.iter().find_map(|c| table.get(c.strip_prefix("sha1:")?));
        let Some((name, version)) = known.filter(|(n, v)| *n != package.name || *v != package.version) else {
            continue;
        };
        let before = package.purl();
        name.clone_into(&mut package.name);
        version.clone_into(&mut package.version);
        let known: Vec<Evidence> =
            package.evidence.iter().cloned().map(|e| Evidence { how: Recognition::KnownDigest, ..e }).collect();
        package.evidence = known;
        renamed.insert(before, package.purl());
    }
    for package in packages.iter_mut() {
        if let Some(now) = package.contained_in.as_ref().and_then(|p| renamed.get(p)) {
            package.contained_in = Some(now.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "da39a3ee5e6b4b0d3255bfef95601890afd80709";

    #[test]
    fn a_known_digest_names_an_archive() {
        let table = Sha1Table::parse(&format!("# known\n{DIGEST}\torg.a:b\t2\n")).expect("a table");
        let mut outer = Package::new(Ecosystem::Maven, "lib", "");
        outer.checksums.push(format!("sha1:{DIGEST}"));
        let mut inner = Package::new(Ecosystem::Maven, "x:y", "1");
        inner.contained_in = Some(outer.purl());
        let mut packages = [outer, inner];
        apply_sha1_table(&mut packages, &table);
        assert_eq!(packages.each_ref().map(Package::purl), ["pkg:maven/org.a/b@2", "pkg:maven/x/y@1"]);
        assert_eq!(packages[1].contained_in.as_deref(), Some("pkg:maven/org.a/b@2"));
    }

    #[test]
    fn a_line_that_does_not_fit_is_named() {
        for bad in ["x", "zz\ta:b\t1", &format!("{DIGEST}\tb\t1"), &format!("{DIGEST}\ta:b\t"), &"é".repeat(20)] {
            assert_eq!(Sha1Table::parse(&format!("\n{bad}")).err(), Some(Sha1TableError(2)), "{bad}");
        }
    }
}
