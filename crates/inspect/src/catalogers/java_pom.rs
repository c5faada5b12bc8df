//! Maven projects: the direct dependencies that a `pom.xml` declares.

mod effective;
mod model;

pub(crate) use effective::Effective;
pub(crate) use model::{Coordinates, Need as PomNeed, Pom};

use seawall_model::{Recognition, UnknownKind};

use crate::unit::{Cataloger, File, Files, Need, Observation, Observer, Want};

/// Direct dependencies of Maven projects.
///
/// What a POM says of itself is resolved here: properties, its own `dependencyManagement`. Each POM is also a piece for
/// the resolver `maven-pom`, which knows the parents and imports that lie in the same target; a dependency that
/// needs them is reported there, and what even they do not tell is an unknown there.
#[derive(Debug)]
pub(crate) struct JavaPom;

impl Cataloger for JavaPom {
    fn id(&self) -> &'static str {
        "java-pom"
    }
    fn version(&self) -> u32 {
        1
    }
    fn about(&self) -> &'static str {
        "Direct dependencies of Maven projects from pom.xml, with parents, properties and managed versions"
    }
    fn specification(&self) -> &'static str {
        "https://maven.apache.org/pom.html"
    }
    fn wants(&self) -> &'static [Want] {
        &[Want { files: Files::Name("pom.xml"), need: Need::Content(8 << 20) }]
    }
    fn catalog(&self, file: &File<'_>, seen: &mut Observer<'_>) {
        let mut pom = match Pom::parse(file.content) {
            Ok(pom) => pom,
            Err(error) => return seen.unknown(UnknownKind::Malformed, error),
        };
        let needs = std::mem::take(&mut pom.needs);
        let chain = [&pom];
        let effective = Effective::new(&chain, &mut |_| Vec::new());
        let mut open = Vec::new();
        for need in needs {
            match effective.package(&need) {
                Ok(package) => seen.package(Recognition::Manifest, package),
                Err(_) => open.push(need),
            }
        }
        pom.needs = open;
        match postcard::to_stdvec(&pom) {
            Ok(data) => seen.observe(Observation::Piece { resolver: "maven-pom".to_owned(), data }),
            Err(error) => seen.unknown(UnknownKind::Limit, error),
        }
    }
}
