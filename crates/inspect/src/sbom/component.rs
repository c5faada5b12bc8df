//! What all forms of SBOM say of one thing, and the package that it is.

use seawall_model::{Ecosystem, Package, Scope, SourcePackage, UnknownKind};

use super::purl::Purl;

/// More entries than this in one list of one component come from no honest tool.
pub(super) const MAX_LIST: usize = 1_000;
/// More places of one component are not looked up in its properties.
const MAX_PLACES: usize = 20;

/// One component (CycloneDX) or package (SPDX), as it is written; a text that is not there is empty.
#[derive(Debug, Default)]
pub(super) struct Component {
    /// CycloneDX's type: `library`, `operating-system`, …; SPDX's purposes are translated. Empty where it is not said.
    pub(super) kind: String,
    /// `bom-ref` or `SPDXID`.
    pub(super) reference: String,
    pub(super) group: String,
    pub(super) name: String,
    pub(super) version: String,
    pub(super) purl: String,
    pub(super) vendor: String,
    pub(super) scope: String,
    pub(super) description: String,
    /// `algorithm:hex`.
    pub(super) checksums: Vec<String>,
    pub(super) licences: Vec<String>,
    pub(super) properties: Vec<(String, String)>,
    pub(super) occurrences: Vec<Occurrence>,
}

/// Where a component was seen.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Occurrence {
    pub(super) path: String,
    /// The layer's diff id, as written; empty where it is not said.
    pub(super) layer: String,
}

/// What a component is to an inventory.
pub(super) enum Meaning {
    /// A package.
    Package(Box<Package>),
    /// The operating system.
    System,
    /// A lockfile or folder that other components were found in, by its path.
    Place(String),
    /// Nothing that an inventory holds: a file, a device, a model.
    Nothing,
    /// It should be a package, but which one is not understood.
    Unknown(UnknownKind, String),
}

impl Component {
    /// The value of a property, where it is there and not empty.
    pub(super) fn property(&self, name: &str) -> Option<&str> {
        self.properties(name).next()
    }

    /// All values of a property that are not empty.
    pub(super) fn properties<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.properties.iter().filter(move |(n, v)| n == name && !v.is_empty()).map(|(_, v)| v.as_str())
    }

    pub(super) fn add_checksum(&mut self, algorithm: &str, hex: &str) {
        let algorithm = algorithm.to_ascii_lowercase().replace('-', "");
        let plain = !algorithm.is_empty() && !hex.is_empty() && hex.len() <= 128;
        if plain && self.checksums.len() < MAX_LIST && hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            self.checksums.push(format!("{algorithm}:{}", hex.to_ascii_lowercase()));
        }
    }

    pub(super) fn add_licence(&mut self, licence: &str) {
        let licence = licence.trim();
        if !licence.is_empty() && self.licences.len() < MAX_LIST {
            self.licences.push(licence.to_owned());
        }
    }

    pub(super) fn add_property(&mut self, name: &str, value: &str) {
        if self.properties.len() < MAX_LIST {
            self.properties.push((name.to_owned(), value.to_owned()));
        }
    }

    pub(super) fn add_occurrence(&mut self, path: &str, layer: &str) {
        let path = path.trim_start_matches('/');
        if !path.is_empty() && self.occurrences.len() < MAX_LIST {
            self.occurrences.push(Occurrence { path: path.to_owned(), layer: layer.to_owned() });
        }
    }

    /// How an unknown names it.
    pub(super) fn label(&self) -> &str {
        [&self.purl, &self.name, &self.reference]
            .into_iter()
            .find(|t| !t.is_empty())
            .map_or("(unnamed)", String::as_str)
    }

    /// What it is.
    pub(super) fn meaning(&self) -> Meaning {
        let is_package = matches!(self.kind.as_str(), "library" | "application" | "framework" | "");
        if !self.purl.is_empty() && self.kind != "operating-system" {
            return match Purl::parse(&self.purl) {
                None => Meaning::Unknown(UnknownKind::Malformed, "it has a purl that is none".to_owned()),
                Some(purl) => match Ecosystem::from_purl_type(&purl.kind) {
                    Some(ecosystem) => Meaning::Package(Box::new(self.package(&purl, ecosystem))),
                    None => {
                        let reason = format!("packages of the purl type {} are not known", purl.kind);
                        Meaning::Unknown(UnknownKind::Unsupported, reason)
                    }
                },
            };
        }
        if self.kind == "operating-system" {
            Meaning::System
        } else if self.property("aquasecurity:trivy:Class").is_some() {
            Meaning::Place(self.name.trim_start_matches('/').to_owned())
        } else if !is_package {
            Meaning::Nothing
        } else if self.name.is_empty() || (self.kind.is_empty() && self.version.is_empty()) {
            Meaning::Unknown(UnknownKind::Malformed, "it has neither a purl nor a name and version".to_owned())
        } else {
            let mut package = Package::new(Ecosystem::Generic, &self.name, &self.version);
            package.namespace = filled(&self.group);
            self.describe(&mut package);
            Meaning::Package(Box::new(package))
        }
    }

    fn package(&self, purl: &Purl, ecosystem: Ecosystem) -> Package {
        let (namespace, mut name) = purl.names(ecosystem);
        let stated = self.stated_name(ecosystem);
        // Some tools cut a module's path after three parts and put the rest into the subpath.
        if ecosystem == Ecosystem::Golang && !purl.subpath.is_empty() {
            let whole = format!("{name}/{}", purl.subpath);
            if whole.eq_ignore_ascii_case(&stated) {
                name = whole;
            }
        }
        let mut version = if purl.version.is_empty() { self.version.clone() } else { purl.version.clone() };
        if let Some(epoch) = purl.qualifier("epoch").filter(|_| !version.contains(':')) {
            version = format!("{epoch}:{version}");
        }
        let mut package = Package::new(ecosystem, name, version);
        package.namespace = namespace;
        package.architecture = purl.qualifier("arch").map(str::to_owned);
        package.distro = purl.qualifier("distro").map(str::to_owned);
        let module = purl.qualifier("rpmmod");
        let modules = ["seawall:modularity", "aquasecurity:trivy:Modularitylabel", "syft:metadata:modularityLabel"];
        package.modularity = module.or_else(|| modules.iter().find_map(|m| self.property(m))).map(str::to_owned);
        package.source = self.source(purl, &package);
        self.describe(&mut package);
        self.as_stated(package, stated)
    }

    /// A purl spells some names and versions otherwise than their ecosystem does (case, `_`, a zero epoch). What the
    /// component says in its own fields is taken where it is the same package.
    fn as_stated(&self, package: Package, name: String) -> Package {
        let ecosystem = self.property("seawall:ecosystem").and_then(Ecosystem::from_purl_type);
        let ecosystem = ecosystem.unwrap_or(package.ecosystem);
        if name.is_empty() || (ecosystem, &name, &self.version) == (package.ecosystem, &package.name, &package.version)
        {
            return package;
        }
        let stated = Package { ecosystem, name, version: self.version.clone(), ..package.clone() };
        let purl = stated.purl();
        if purl == self.purl || purl == package.purl() { stated } else { package }
    }

    fn stated_name(&self, ecosystem: Ecosystem) -> String {
        match ecosystem {
            _ if self.group.is_empty() => self.name.clone(),
            Ecosystem::Maven => format!("{}:{}", self.group, self.name),
            Ecosystem::Npm | Ecosystem::Golang | Ecosystem::Composer | Ecosystem::Swift => {
                format!("{}/{}", self.group, self.name)
            }
            _ => self.name.clone(),
        }
    }

    fn source(&self, purl: &Purl, package: &Package) -> Option<SourcePackage> {
        let text = |name| self.property(name).map(str::to_owned);
        if let Some(name) = text("seawall:source:name") {
            return Some(SourcePackage { name, version: text("seawall:source:version") });
        }
        if let Some(name) = text("aquasecurity:trivy:SrcName") {
            let part = |name, before: &str| text(name).map(|t| format!("{before}{t}")).unwrap_or_default();
            let epoch = self.property("aquasecurity:trivy:SrcEpoch").map(|e| format!("{e}:")).unwrap_or_default();
            let release = part("aquasecurity:trivy:SrcRelease", "-");
            let version = text("aquasecurity:trivy:SrcVersion").map(|v| format!("{epoch}{v}{release}"));
            return Some(SourcePackage { name, version });
        }
        let upstream = purl.qualifier("upstream")?;
        if let Some(stem) = upstream.strip_suffix(".src.rpm").or_else(|| upstream.strip_suffix(".nosrc.rpm")) {
            return source_rpm(stem, &package.version);
        }
        let (name, version) = upstream.rsplit_once('@').filter(|(n, _)| !n.is_empty()).unwrap_or((upstream, ""));
        Some(SourcePackage { name: name.to_owned(), version: filled(version) })
    }

    fn describe(&self, package: &mut Package) {
        package.vendor = filled(&self.vendor);
        package.checksums.clone_from(&self.checksums);
        package.licences = self.properties("seawall:licence").map(str::to_owned).collect();
        if package.licences.is_empty() {
            package.licences.clone_from(&self.licences);
        }
        package.owned_by = self.property("seawall:ownedBy").map(str::to_owned);
        package.contained_in = self.property("seawall:containedIn").map(str::to_owned);
        let is_development = self.property("seawall:scope") == Some("development")
            || self.property("cdx:npm:package:development") == Some("true");
        package.scope = match self.scope.as_str() {
            _ if is_development => Scope::Development,
            "required" => Scope::Runtime,
            "optional" => Scope::Optional,
            // "Excluded components provide the ability to document usage for test and other non-runtime purposes."
            "excluded" => Scope::Development,
            _ => Scope::Unknown,
        };
    }

    /// Where it was seen: as the format says, or as the properties of common tools do.
    pub(super) fn places(&self) -> Vec<Occurrence> {
        if !self.occurrences.is_empty() {
            return self.occurrences.clone();
        }
        let mut places: Vec<Occurrence> = Vec::new();
        let mut add = |path: &str, layer: Option<&str>| {
            let path = path.trim_start_matches('/');
            if !path.is_empty() {
                let layer = layer.unwrap_or_default().to_owned();
                places.push(Occurrence { path: path.to_owned(), layer });
            }
        };
        let is_place = |name: &str| name.starts_with("syft:location:") && name.ends_with(":path");
        let tells = |(name, _): &&(String, String)| {
            matches!(name.as_str(), "aquasecurity:trivy:FilePath" | "SrcFile") || is_place(name)
        };
        for (name, value) in self.properties.iter().filter(tells).take(MAX_PLACES) {
            match name.as_str() {
                "aquasecurity:trivy:FilePath" => add(value, self.property("aquasecurity:trivy:LayerDiffID")),
                "SrcFile" => add(value, None),
                _ => {
                    if let Some(place) = name.strip_prefix("syft:location:").and_then(|n| n.strip_suffix(":path")) {
                        add(value, self.property(&format!("syft:location:{place}:layerID")));
                    }
                }
            }
        }
        places
    }
}

/// `openssl-3.0.7-27.el9`: the file name of a source rpm, which carries no epoch. A source of the binary package's own
/// version and release has its epoch too.
fn source_rpm(stem: &str, binary: &str) -> Option<SourcePackage> {
    let (rest, release) = stem.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-').filter(|(name, _)| !name.is_empty())?;
    let version = format!("{version}-{release}");
    let is_own = binary.split_once(':').is_some_and(|(_, rest)| rest == version);
    Some(SourcePackage { name: name.to_owned(), version: Some(if is_own { binary.to_owned() } else { version }) })
}

/// A text that is there.
pub(super) fn filled(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
