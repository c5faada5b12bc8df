//! Joins the POMs of a target: a dependency whose version stands in a parent or an imported POM.

use std::collections::BTreeMap;

use seawall_model::{Evidence, Recognition, UnknownKind};

use crate::catalogers::java_pom::{Coordinates, Effective, Pom, PomNeed};
use crate::unit::Observation;

/// The id by which pieces are meant for this resolver.
pub(crate) const RESOLVER: &str = "maven-pom";

/// Ancestors of one POM; deeper than this it is a loop.
const MAX_ANCESTORS: usize = 32;
/// POMs imported by POMs imported by ….
const MAX_IMPORTS: usize = 8;

/// The dependencies that the POMs left open, each with the path of its POM, and unknowns for those that no POM of the
/// target tells. `pieces` are the paths of POMs and what the cataloger `java-pom` made of them.
pub(crate) fn resolve(pieces: &[(String, Vec<u8>)]) -> Vec<(String, Observation)> {
    let mut poms: Vec<(&str, Pom)> = Vec::new();
    let mut seen = Vec::new();
    for (path, data) in pieces {
        match postcard::from_bytes(data) {
            Ok(pom) => poms.push((path, pom)),
            Err(error) => seen.push(unknown(path, format!("piece of a POM: {error}"))),
        }
    }
    let target = Target::new(&poms);
    for (path, pom) in poms.iter().filter(|(_, pom)| !pom.needs.is_empty()) {
        let chain = target.ancestors(path, pom);
        let effective = Effective::new(&chain, &mut |what| target.imported(what, MAX_IMPORTS));
        for need in &pom.needs {
            match effective.package(need) {
                Ok(mut package) => {
                    package.evidence.push(Evidence {
                        path: (*path).to_owned(),
                        layer: None,
                        how: Recognition::Manifest,
                        cataloger: "java-pom".to_owned(),
                    });
                    seen.push(((*path).to_owned(), Observation::Package(package)));
                }
                Err(reason) => seen.push(unknown(path, reason)),
            }
        }
    }
    seen
}

fn unknown(path: &str, reason: String) -> (String, Observation) {
    (path.to_owned(), Observation::Unknown { kind: UnknownKind::Unsupported, within: None, reason })
}

struct Target<'a> {
    by_path: BTreeMap<&'a str, &'a Pom>,
    by_name: BTreeMap<Coordinates, (&'a str, &'a Pom)>,
}

impl<'a> Target<'a> {
    fn new(poms: &'a [(&'a str, Pom)]) -> Self {
        Self {
            by_path: poms.iter().map(|(path, pom)| (*path, pom)).collect(),
            by_name: poms.iter().map(|(path, pom)| (pom.coordinates(), (*path, pom))).collect(),
        }
    }

    /// A POM and its ancestors: where `relativePath` leads (default `../pom.xml`) if that is the POM it names, else any
    /// POM of those coordinates.
    fn ancestors(&self, path: &'a str, pom: &'a Pom) -> Vec<&'a Pom> {
        let mut chain = vec![pom];
        let mut at = (path, pom);
        while chain.len() < MAX_ANCESTORS
            && let Some(parent) = &at.1.parent
        {
            let near = beside(at.0, at.1.parent_path.as_deref().unwrap_or("../pom.xml"));
            let near = self.by_path.get_key_value(near.as_str()).map(|(path, pom)| (*path, *pom));
            let named = near.filter(|(_, p)| {
                let own = p.coordinates();
                own.group == parent.group && own.artifact == parent.artifact
            });
            match named.or_else(|| self.by_name.get(parent).copied()) {
                Some(found) if !chain.iter().any(|p| std::ptr::eq(*p, found.1)) => {
                    chain.push(found.1);
                    at = found;
                }
                _ => break,
            }
        }
        chain
    }

    /// What the POM of these coordinates manages.
    fn imported(&self, what: &Coordinates, depth: usize) -> Vec<PomNeed> {
        let (Some((path, pom)), Some(depth)) = (self.by_name.get(what).copied(), depth.checked_sub(1)) else {
            return Vec::new();
        };
        let chain = self.ancestors(path, pom);
        Effective::new(&chain, &mut |what| self.imported(what, depth)).managed()
    }
}

/// The path that `relative` names, seen from the folder of `path`; a folder stands for its `pom.xml`.
fn beside(path: &str, relative: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    if !relative.ends_with(".xml") {
        parts.push("pom.xml");
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogers::java_pom::JavaPom;
    use crate::unit::{Cataloger as _, File, Observer};

    fn piece(path: &str, xml: &str) -> (String, Vec<u8>) {
        let mut seen = Observer::new("java-pom", path);
        JavaPom.catalog(&File { path, size: xml.len() as u64, mode: 0, content: xml.as_bytes() }, &mut seen);
        let data = seen.into_observations().into_iter().find_map(|o| match o {
            Observation::Piece { data, .. } => Some(data),
            _ => None,
        });
        (path.to_owned(), data.expect("a piece"))
    }

    #[test]
    fn versions_come_from_parents_imports_and_properties() {
        let parent = "<project><groupId>g</groupId><artifactId>parent</artifactId><version>1</version>
            <properties><slf4j>1.7.30</slf4j></properties><dependencyManagement><dependencies>
            <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-api</artifactId><version>${slf4j}</version></dependency>
            <dependency><groupId>g</groupId><artifactId>bom</artifactId><version>1</version><type>pom</type><scope>import</scope></dependency>
            </dependencies></dependencyManagement></project>";
        let bom = "<project><groupId>g</groupId><artifactId>bom</artifactId><version>1</version><dependencyManagement><dependencies>
            <dependency><groupId>junit</groupId><artifactId>junit</artifactId><version>4.13</version><scope>test</scope></dependency>
            </dependencies></dependencyManagement></project>";
        let child = "<project><parent><groupId>g</groupId><artifactId>parent</artifactId><version>1</version></parent>
            <artifactId>child</artifactId><dependencies>
            <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-api</artifactId></dependency>
            <dependency><groupId>junit</groupId><artifactId>junit</artifactId></dependency>
            <dependency><groupId>${project.groupId}</groupId><artifactId>other</artifactId><version>${project.version}</version></dependency>
            <dependency><groupId>no</groupId><artifactId>where</artifactId></dependency></dependencies></project>";
        let pieces = [piece("a/child/pom.xml", child), piece("a/pom.xml", parent), piece("elsewhere/pom.xml", bom)];
        let told: Vec<String> = resolve(&pieces)
            .into_iter()
            .map(|(path, o)| match o {
                Observation::Package(p) => format!("{path} {} {:?}", p.purl(), p.scope),
                Observation::Unknown { reason, .. } => format!("{path} {reason}"),
                other => format!("{other:?}"),
            })
            .collect();
        assert_eq!(
            told,
            [
                "a/child/pom.xml pkg:maven/org.slf4j/slf4j-api@1.7.30 Runtime",
                "a/child/pom.xml pkg:maven/junit/junit@4.13 Development",
                "a/child/pom.xml the version of no:where is not known",
            ]
        );
    }

    #[test]
    fn loops_and_broken_pieces_end() {
        let own = "<project><parent><groupId>g</groupId><artifactId>a</artifactId><version>1</version></parent>
            <artifactId>a</artifactId><properties><x>${y}</x><y>${x}</y></properties>
            <dependencyManagement><dependencies><dependency><groupId>g</groupId><artifactId>a</artifactId><version>1</version>
            <scope>import</scope></dependency></dependencies></dependencyManagement>
            <dependencies><dependency><groupId>g</groupId><artifactId>b</artifactId><version>${x}</version></dependency>
            </dependencies></project>";
        assert_eq!(resolve(&[piece("pom.xml", own), ("b".to_owned(), vec![255; 9])]).len(), 2);
    }
}
