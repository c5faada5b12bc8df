//! What a unit of the pass is: a cataloger declares which files it wants and reads one file at a time.

use seawall_model::{Digest, Evidence, OperatingSystem, Package, Recognition, UnknownKind};
use serde::{Deserialize, Serialize};

use crate::Paths;

/// A unit of the pass over a layer.
///
/// A cataloger never walks: it declares its wants, is called once for each file that matches, and reports what it saw.
/// It keeps no state between files; what needs several files is reported in pieces and joined in [`crate::assemble`].
pub trait Cataloger: Sync {
    /// Unique, kebab-case, stable: `debian-dpkg`, `javascript-package-lock`.
    fn id(&self) -> &'static str;
    /// Rises whenever the same bytes would give another result, so that cached results expire.
    fn version(&self) -> u32;
    /// One sentence for the reference pages: what it reads.
    fn about(&self) -> &'static str;
    /// Where the format is specified.
    fn specification(&self) -> &'static str;
    /// The files that it wants to see. A file that matches several wants is given once, with the largest need.
    fn wants(&self) -> &'static [Want];
    /// Reads one file. Never panics, never fails: what it cannot read it reports with [`Observer::unknown`].
    fn catalog(&self, file: &File<'_>, seen: &mut Observer<'_>);
    /// For units with a [`Need::Stream`] want: a fresh reader for one file, which is then given to it in chunks instead
    /// of to [`Cataloger::catalog`].
    fn scanner(&self) -> Option<Box<dyn Scanner>> {
        None
    }
}

/// Reads one file that flows past in chunks, in memory that does not depend on the file's size.
pub trait Scanner {
    /// The next chunk, of any size; what spans two chunks is the scanner's to join.
    fn feed(&mut self, chunk: &[u8]);
    /// The file has ended; [`File::content`] is empty.
    fn finish(self: Box<Self>, file: &File<'_>, seen: &mut Observer<'_>);
}

/// One kind of file that a cataloger wants.
#[derive(Debug, Clone, Copy)]
pub struct Want {
    /// Which files.
    pub files: Files,
    /// How much of them.
    pub need: Need,
}

/// Which files, by path (without a leading slash) or by first bytes.
#[derive(Debug, Clone, Copy)]
pub enum Files {
    /// Exactly this path: `lib/apk/db/installed`. Also matches it below the root of a project folder or one file.
    Path(&'static str),
    /// Every file with this base name: `package-lock.json`.
    Name(&'static str),
    /// Every file whose base name ends so: `.jar`.
    Suffix(&'static str),
    /// Every file whose base name begins with the first and ends with the second: `("requirements", ".txt")`.
    Affix(&'static str, &'static str),
    /// Every file directly in this folder whose base name ends with the second (which may be empty):
    /// `("var/lib/dpkg/status.d", "")`.
    In(&'static str, &'static str),
    /// Every file whose path ends so, at a folder boundary: `.dist-info/METADATA` written `("dist-info", "METADATA")`
    /// means parent folder ends with the first and base name is the second.
    Under(&'static str, &'static str),
    /// Every regular file that begins with these bytes (at most 8): `\x7fELF`.
    Magic(&'static [u8]),
}

/// How much of a file a cataloger needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// That it is there: [`File::content`] is empty.
    Name,
    /// The whole content, if it is not larger than this many bytes; a larger file is an unknown of kind
    /// [`UnknownKind::Limit`], and the cataloger is not called.
    Content(u64),
    /// The first bytes, up to this many; a larger file is cut, and [`File::is_whole`] tells.
    Head(u64),
    /// All bytes, in chunks, whatever the size: [`Cataloger::scanner`] is asked for a reader.
    Stream,
}

/// A file as a cataloger sees it.
#[derive(Debug)]
pub struct File<'a> {
    /// Path without a leading slash, `/` as separator; bytes that are not UTF-8 are replaced.
    pub path: &'a str,
    /// Size of the whole file.
    pub size: u64,
    /// Permission bits.
    pub mode: u32,
    /// The bytes that were asked for.
    pub content: &'a [u8],
}

impl File<'_> {
    /// The last component of the path.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(self.path)
    }

    /// The folder that it is in; empty at the root.
    pub fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// Whether `content` is the whole file.
    pub fn is_whole(&self) -> bool {
        self.content.len() as u64 == self.size
    }
}

/// What a cataloger saw in one file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Observation {
    /// A package.
    Package(Package),
    /// The operating system.
    OperatingSystem(OperatingSystem),
    /// Files that an installed package owns, paths without a leading slash. Joined to the package by ecosystem and name.
    Owns {
        /// The package's purl type, `deb`, and its name (with `:arch` where the file name says so).
        ecosystem: seawall_model::Ecosystem,
        /// Name of the package.
        name: String,
        /// Paths.
        files: Paths,
    },
    /// Licences of a package that another file names (`usr/share/doc/*/copyright`).
    Licences {
        /// The package's ecosystem.
        ecosystem: seawall_model::Ecosystem,
        /// Name of the package.
        name: String,
        /// Licences as declared.
        licences: Vec<String>,
    },
    /// Content sets or repository names of the operating system (`root/buildinfo/content_manifests`).
    Repositories(Vec<String>),
    /// A piece that only makes sense together with other files: assembled by the resolver of the same id
    /// (`crates/inspect/src/assemble/`).
    Piece {
        /// Which resolver reads it: `maven-pom`.
        resolver: String,
        /// The piece, in a form that the resolver chose.
        data: Vec<u8>,
    },
    /// Something that could not be read.
    Unknown {
        /// What kind of thing went wrong.
        kind: UnknownKind,
        /// Where within the file (an archive member), if not the file itself.
        within: Option<String>,
        /// What is wrong.
        reason: String,
    },
    /// The digest of a file that may be executed.
    Program(Digest),
}

/// Takes what a cataloger saw, with the evidence filled in.
#[derive(Debug)]
pub struct Observer<'a> {
    cataloger: &'static str,
    path: &'a str,
    seen: Vec<Observation>,
    limit: usize,
}

/// More observations than this from one file are cut off and said to be.
pub const MAX_OBSERVATIONS: usize = 200_000;

impl<'a> Observer<'a> {
    /// An observer for one file and one cataloger.
    pub fn new(cataloger: &'static str, path: &'a str) -> Self {
        Self { cataloger, path, seen: Vec::new(), limit: MAX_OBSERVATIONS }
    }

    /// Reports a package seen in this file.
    pub fn package(&mut self, how: Recognition, package: Package) {
        self.package_within(how, None, package);
    }

    /// Reports a package seen in a member of this archive (`BOOT-INF/lib/a.jar`).
    pub fn package_within(&mut self, how: Recognition, within: Option<&str>, mut package: Package) {
        let path = match within {
            Some(member) => format!("{}!/{member}", self.path),
            None => self.path.to_owned(),
        };
        package.evidence.push(Evidence { path, layer: None, how, cataloger: self.cataloger.to_owned() });
        self.observe(Observation::Package(package));
    }

    /// Reports that this file could not be read, or only in part.
    pub fn unknown(&mut self, kind: UnknownKind, reason: impl std::fmt::Display) {
        self.unknown_within(kind, None, reason);
    }

    /// Reports that a member of this archive could not be read.
    pub fn unknown_within(&mut self, kind: UnknownKind, within: Option<&str>, reason: impl std::fmt::Display) {
        let reason = reason.to_string().chars().take(300).collect();
        self.observe(Observation::Unknown { kind, within: within.map(str::to_owned), reason });
    }

    /// Reports anything else.
    pub fn observe(&mut self, observation: Observation) {
        match self.seen.len().cmp(&self.limit) {
            std::cmp::Ordering::Less => self.seen.push(observation),
            std::cmp::Ordering::Equal => self.seen.push(Observation::Unknown {
                kind: UnknownKind::Limit,
                within: None,
                reason: format!("more than {} entries", self.limit),
            }),
            std::cmp::Ordering::Greater => {}
        }
    }

    /// What was seen, in order.
    pub fn into_observations(self) -> Vec<Observation> {
        self.seen
    }
}
