//! A POM with what it inherits: properties, managed versions, dependencies.

use std::collections::BTreeMap;

use seawall_model::{Ecosystem, Package, Scope};

use super::model::{Coordinates, Need, Pom};

/// `${a}` may name `${b}`; deeper than this it is a loop.
const MAX_SUBSTITUTIONS: usize = 16;
/// A value longer than this is no name or version.
const MAX_VALUE: usize = 1024;

/// What a POM and its ancestors, the nearest first, and the POMs that they import say together.
#[derive(Debug)]
pub(crate) struct Effective<'a> {
    chain: &'a [&'a Pom],
    properties: BTreeMap<&'a str, &'a str>,
    managed: BTreeMap<(String, String), (String, String)>,
}

impl<'a> Effective<'a> {
    /// Joins a POM with its ancestors. `import` gives the managed dependencies of an imported POM.
    pub(crate) fn new(chain: &'a [&'a Pom], import: &mut dyn FnMut(&Coordinates) -> Vec<Need>) -> Self {
        let mut properties = BTreeMap::new();
        for pom in chain {
            for (name, value) in &pom.properties {
                properties.entry(name.as_str()).or_insert(value.as_str());
            }
        }
        let mut effective = Self { chain, properties, managed: BTreeMap::new() };
        for pom in chain {
            for need in &pom.managed {
                let what = effective.coordinates(&need.what);
                if need.scope == "import" {
                    for imported in import(&what) {
                        effective.manage(imported.what, imported.scope);
                    }
                } else {
                    effective.manage(what, need.scope.clone());
                }
            }
        }
        effective
    }

    /// The managed dependencies, with their values filled in.
    pub(crate) fn managed(&self) -> Vec<Need> {
        let need = |((group, artifact), (version, scope)): (&(String, String), &(String, String))| Need {
            what: Coordinates { group: group.clone(), artifact: artifact.clone(), version: version.clone() },
            scope: scope.clone(),
            optional: false,
        };
        self.managed.iter().map(need).collect()
    }

    fn manage(&mut self, what: Coordinates, scope: String) {
        self.managed.entry((what.group, what.artifact)).or_insert((what.version, scope));
    }

    fn coordinates(&self, what: &Coordinates) -> Coordinates {
        Coordinates {
            group: self.fill(&what.group),
            artifact: self.fill(&what.artifact),
            version: self.fill(&what.version),
        }
    }

    /// A dependency of the POM with its version, or its name where the version is not known.
    pub(crate) fn package(&self, need: &Need) -> Result<Package, String> {
        let mut what = self.coordinates(&need.what);
        let managed = self.managed.get(&(what.group.clone(), what.artifact.clone()));
        let mut scope = need.scope.as_str();
        if let Some((version, managed_scope)) = managed {
            if what.version.is_empty() {
                what.version.clone_from(version);
            }
            if scope.is_empty() {
                scope = managed_scope;
            }
        }
        let name = format!("{}:{}", what.group, what.artifact);
        let version = what.version.trim_start_matches('[').trim_end_matches(']');
        if what.group.is_empty() || what.artifact.is_empty() || name.contains("${") {
            return Err(format!("the name of {name} is not known"));
        }
        if version.is_empty() || version.contains("${") {
            return Err(format!("the version of {name} is not known"));
        }
        if version.contains([',', '(', ')', '[', ']']) {
            return Err(format!("{name} has a range of versions: {version}"));
        }
        let mut package = Package::new(Ecosystem::Maven, &name, version);
        package.scope = match scope {
            "test" => Scope::Development,
            _ if need.optional => Scope::Optional,
            _ => Scope::Runtime,
        };
        Ok(package)
    }

    /// A value with its `${…}` filled in, as far as they are known.
    fn fill(&self, value: &str) -> String {
        let mut value = value.to_owned();
        for _ in 0..MAX_SUBSTITUTIONS {
            let Some((before, rest)) = value.split_once("${") else { break };
            let Some((name, after)) = rest.split_once('}') else { break };
            let Some(known) = self.property(name) else { break };
            let filled = format!("{before}{known}{after}");
            if filled.len() > MAX_VALUE {
                break;
            }
            value = filled;
        }
        value
    }

    fn property(&self, name: &str) -> Option<String> {
        if let Some(value) = self.properties.get(name) {
            return Some((*value).to_owned());
        }
        let pom = self.chain.first()?;
        let (own, parent) = (pom.coordinates(), pom.parent.clone().unwrap_or_default());
        let value = match name.trim_start_matches("project.").trim_start_matches("pom.") {
            "groupId" => own.group,
            "artifactId" => own.artifact,
            "version" => own.version,
            "parent.groupId" => parent.group,
            "parent.artifactId" => parent.artifact,
            "parent.version" => parent.version,
            _ => return None,
        };
        Some(value).filter(|v| !v.is_empty() && !v.contains(&format!("${{{name}}}")))
    }
}
