//! Java archives: what is in a jar, and in the jars in it.

mod identity;
mod metadata;

use seawall_model::{Ecosystem, Package, Recognition, UnknownKind};
use sha1::{Digest as _, Sha1};

use crate::archive::{Archive, Budget, Members};
use crate::unit::{Cataloger, File, Files, Need, Observer, Scanner, Want};
use identity::Identity;

/// Java archives, nested and shaded, by pom.properties, manifest and file name.
///
/// Archives flow past as streams, so that memory grows neither with their size nor with what they inflate to. The SHA-1
/// of each goes along as a checksum, for a table of known archives.
#[derive(Debug)]
pub(crate) struct JavaArchive;

const SUFFIXES: [&str; 6] = [".jar", ".war", ".ear", ".par", ".jpi", ".hpi"];
/// Archives in archives in …: a fat war in an ear needs three.
const MAX_DEPTH: usize = 8;
/// Manifests and pom.properties larger than this are cut.
const MAX_METADATA: usize = 256 << 10;
/// pom.properties kept of one archive.
const MAX_PROPERTIES: usize = 2_000;
/// What one archive may inflate to, of what is wanted of it, and how many members it may have, nested ones included.
const BUDGET: Budget = Budget { inflated: 2 << 30, members: 1_000_000 };

impl Cataloger for JavaArchive {
    fn id(&self) -> &'static str {
        "java-archive"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> &'static str {
        "Java archives (jar, war, ear, par, jpi, hpi), nested and shaded"
    }

    fn specification(&self) -> &'static str {
        "https://docs.oracle.com/en/java/javase/21/docs/specs/jar/jar.html"
    }

    fn wants(&self) -> &'static [Want] {
        &[
            Want { files: Files::Suffix(".jar"), need: Need::Stream },
            Want { files: Files::Suffix(".war"), need: Need::Stream },
            Want { files: Files::Suffix(".ear"), need: Need::Stream },
            Want { files: Files::Suffix(".par"), need: Need::Stream },
            Want { files: Files::Suffix(".jpi"), need: Need::Stream },
            Want { files: Files::Suffix(".hpi"), need: Need::Stream },
        ]
    }

    fn catalog(&self, _: &File<'_>, _: &mut Observer<'_>) {}

    fn scanner(&self) -> Option<Box<dyn Scanner>> {
        Some(Box::new(Outer { reading: Reading::new(0), budget: BUDGET }))
    }
}

struct Outer {
    reading: Reading,
    budget: Budget,
}

impl Scanner for Outer {
    fn feed(&mut self, chunk: &[u8]) {
        self.reading.feed(chunk, &mut self.budget);
    }

    fn finish(self: Box<Self>, file: &File<'_>, seen: &mut Observer<'_>) {
        if file.size == 0 {
            return seen.unknown(UnknownKind::Malformed, "an archive of no bytes");
        }
        let jar = self.reading.finish();
        report(jar, file.name(), None, None, seen);
    }
}

/// An archive that is being read.
struct Reading {
    archive: Archive,
    jar: Jar,
    sha1: Sha1,
}

impl Reading {
    fn new(depth: usize) -> Self {
        Self { archive: Archive::new(), jar: Jar { depth, ..Jar::default() }, sha1: Sha1::new() }
    }

    fn feed(&mut self, bytes: &[u8], budget: &mut Budget) {
        self.sha1.update(bytes);
        self.archive.feed(bytes, budget, &mut self.jar);
    }

    fn finish(self) -> Jar {
        let Self { archive, mut jar, sha1 } = self;
        jar.problem = archive.finish(&mut jar);
        jar.sha1 = sha1.finalize().iter().map(|b| format!("{b:02x}")).collect();
        jar
    }
}

/// What one archive said.
#[derive(Default)]
struct Jar {
    depth: usize,
    sha1: String,
    manifest: Vec<u8>,
    properties: Vec<Vec<u8>>,
    has_classes: bool,
    nested: Vec<(String, Jar)>,
    /// Members that could not be read, with the reason.
    unread: Vec<(String, &'static str)>,
    problem: Option<String>,
    current: Current,
}

#[derive(Default)]
enum Current {
    #[default]
    None,
    Manifest,
    Properties(Vec<u8>),
    Nested(String, Box<Reading>),
}

impl Members for Jar {
    fn begin(&mut self, name: &str) -> bool {
        self.has_classes |= name.ends_with(".class");
        self.current = if name == "META-INF/MANIFEST.MF" {
            Current::Manifest
        } else if name.starts_with("META-INF/maven/") && name.ends_with("/pom.properties") {
            Current::Properties(Vec::new())
        } else if SUFFIXES.iter().any(|s| name.ends_with(s)) {
            if self.depth >= MAX_DEPTH {
                self.unread.push((name.to_owned(), "archives are nested too deep"));
                return false;
            }
            Current::Nested(name.to_owned(), Box::new(Reading::new(self.depth.saturating_add(1))))
        } else {
            return false;
        };
        true
    }

    fn data(&mut self, bytes: &[u8], budget: &mut Budget) -> bool {
        let kept = match &mut self.current {
            Current::None => return false,
            Current::Nested(_, reading) => {
                reading.feed(bytes, budget);
                return true;
            }
            Current::Manifest => &mut self.manifest,
            Current::Properties(kept) => kept,
        };
        let room = MAX_METADATA.saturating_sub(kept.len());
        kept.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
        kept.len() < MAX_METADATA
    }

    fn end(&mut self, problem: Option<&'static str>) {
        match std::mem::take(&mut self.current) {
            Current::Properties(kept) if self.properties.len() < MAX_PROPERTIES => self.properties.push(kept),
            Current::Nested(name, reading) => {
                let mut jar = reading.finish();
                if let Some(problem) = problem {
                    jar.problem = Some(problem.to_owned());
                }
                self.nested.push((name, jar));
            }
            Current::None | Current::Manifest | Current::Properties(_) => {}
        }
    }
}

/// Reports an archive, then those in it.
fn report(jar: Jar, file_name: &str, within: Option<&str>, parent: Option<&str>, seen: &mut Observer<'_>) {
    if let Some(problem) = &jar.problem {
        seen.unknown_within(UnknownKind::Malformed, within, problem);
    }
    for (member, reason) in &jar.unread {
        let path = within.map_or_else(|| member.clone(), |w| format!("{w}!/{member}"));
        seen.unknown_within(UnknownKind::Limit, Some(&path), reason);
    }
    let identity = Identity::of(file_name, &jar.manifest, &jar.properties);
    let mut main = None;
    if let Some(mut package) = identity.main {
        package.checksums.push(format!("sha1:{}", jar.sha1));
        package.contained_in = parent.map(str::to_owned);
        main = Some(package.purl());
        seen.package_within(Recognition::Archive, within, package);
    } else if jar.has_classes && identity.contained.is_empty() && jar.problem.is_none() {
        // A table of known archives may name it; where none does, the assembler says that it is not known.
        let mut nameless = Package::new(Ecosystem::Maven, file_name, "");
        nameless.checksums.push(format!("sha1:{}", jar.sha1));
        nameless.contained_in = parent.map(str::to_owned);
        seen.package_within(Recognition::Archive, within, nameless);
    }
    let outer = main.as_deref().or(parent);
    for package in identity.contained {
        contained(package, within, outer, seen);
    }
    for (name, nested) in jar.nested {
        let path = within.map_or_else(|| name.clone(), |w| format!("{w}!/{name}"));
        let file_name = name.rsplit('/').next().unwrap_or(&name).to_owned();
        report(nested, &file_name, Some(&path), outer, seen);
    }
}

fn contained(mut package: Package, within: Option<&str>, outer: Option<&str>, seen: &mut Observer<'_>) {
    package.contained_in = outer.filter(|o| *o != package.purl()).map(str::to_owned);
    seen.package_within(Recognition::Archive, within, package);
}
