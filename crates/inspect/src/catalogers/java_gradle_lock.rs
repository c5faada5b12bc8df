use seawall_model::{Ecosystem, Package, Recognition, Scope, UnknownKind};

use crate::text::{self, Unread, is_plausible};
use crate::unit::{Cataloger, File, Files, Observer, Want};

/// Reads the lockfiles of Gradle: `group:artifact:version=configuration,…`.
pub(crate) struct JavaGradleLock;

impl Cataloger for JavaGradleLock {
    fn id(&self) -> &'static str {
        "java-gradle-lock"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> &'static str {
        "Gradle lockfiles (gradle.lockfile, buildscript-gradle.lockfile and those of single configurations)"
    }

    fn specification(&self) -> &'static str {
        "https://docs.gradle.org/current/userguide/dependency_locking.html"
    }

    fn wants(&self) -> &'static [Want] {
        &[Want { files: Files::Suffix(".lockfile"), need: text::LOCKFILE }]
    }

    fn catalog(&self, file: &File<'_>, seen: &mut Observer<'_>) {
        let known = file.name().ends_with("gradle.lockfile") || text::is_inside(file.path, "dependency-locks");
        if !known {
            return;
        }
        let content = text::decode(file.content, seen);
        let mut unread = Unread::default();
        for (_, line) in text::lines(&content, seen) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') || line.starts_with("empty=") {
                continue;
            }
            let (module, configurations) = line.split_once('=').unwrap_or((line, ""));
            let mut parts = module.split(':');
            match (parts.next(), parts.next(), parts.next(), parts.next()) {
                (Some(group), Some(artifact), Some(version), None)
                    if is_plausible(group) && is_plausible(artifact) && is_plausible(version) =>
                {
                    let mut package = Package::new(Ecosystem::Maven, format!("{group}:{artifact}"), version);
                    package.scope = scope(configurations, file.name());
                    seen.package(Recognition::Lockfile, package);
                }
                _ => unread.add(line),
            }
        }
        unread.say(UnknownKind::Malformed, "line that is not GROUP:ARTIFACT:VERSION", seen);
    }
}

fn scope(configurations: &str, file: &str) -> Scope {
    if file.starts_with("buildscript") {
        return Scope::Development;
    }
    let mut names = configurations.split(',').filter(|c| !c.is_empty()).peekable();
    if names.peek().is_none() {
        return Scope::Unknown;
    }
    let is_test = |name: &str| name.starts_with("test") || name.contains("Test") || name == "annotationProcessor";
    if names.all(is_test) { Scope::Development } else { Scope::Runtime }
}
