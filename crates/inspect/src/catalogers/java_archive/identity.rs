//! Which artifact an archive is, and which were shaded into it.
//!
//! Group, artifact and version are taken, in this order, from: a pom.properties that fits the file's name, or the only
//! one there is; the file's name and the manifest, the group from `Implementation-Vendor-Id`, `Bundle-SymbolicName` or
//! the table of artifacts that state none.

use std::collections::HashMap;

use seawall_model::{Ecosystem, Package};

use super::metadata::{Properties, manifest, properties};
use crate::text::is_plausible;

pub(super) struct Identity {
    /// The archive itself.
    pub(super) main: Option<Package>,
    /// What it was put together from.
    pub(super) contained: Vec<Package>,
}

impl Identity {
    pub(super) fn of(file_name: &str, manifest_bytes: &[u8], all: &[Vec<u8>]) -> Self {
        let mut found: Vec<Properties> = all.iter().filter_map(|bytes| properties(bytes)).collect();
        let (stem, version_of_name) = split(file_name);
        let fits = found
            .iter()
            .position(|p| {
                p.artifact == stem || stem_of(file_name).strip_prefix(&p.artifact).is_some_and(|r| r.starts_with('-'))
            })
            .or_else(|| (found.len() == 1).then_some(0));
        let main = match fits {
            Some(at) => Some(package(found.remove(at))),
            None => named(&stem, version_of_name, &manifest(manifest_bytes)),
        };
        Self { main, contained: found.into_iter().map(package).collect() }
    }
}

fn package(p: Properties) -> Package {
    Package::new(Ecosystem::Maven, format!("{}:{}", p.group, p.artifact), p.version)
}

/// From the file's name and the manifest.
fn named(stem: &str, version_of_name: Option<&str>, manifest: &HashMap<String, String>) -> Option<Package> {
    let get = |key: &str| manifest.get(key).map(String::as_str).filter(|v| is_plausible(v) && !v.contains("${"));
    let version = version_of_name
        .or_else(|| get("implementation-version"))
        .or_else(|| get("bundle-version"))
        .or_else(|| get("specification-version"))?;
    let version = version.split_whitespace().next().unwrap_or(version);
    if !is_plausible(stem) || !version.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    let bundle = get("bundle-symbolicname").map(|b| b.split(';').next().unwrap_or(b).trim());
    let group = known_group(stem)
        .map(str::to_owned)
        .or_else(|| get("implementation-vendor-id").filter(|v| v.contains('.') && !v.contains(' ')).map(str::to_owned))
        .or_else(|| bundle.and_then(|b| group_of_bundle(b, stem)));
    let name = group.map_or_else(|| stem.to_owned(), |group| format!("{group}:{stem}"));
    Some(Package::new(Ecosystem::Maven, name, version))
}

/// `org.apache.commons.text` of `commons-text` gives `org.apache.commons`: what is left without the artifact's own words.
fn group_of_bundle(bundle: &str, stem: &str) -> Option<String> {
    if !bundle.contains('.') || bundle.contains(' ') {
        return None;
    }
    let last = stem.rsplit('-').next().unwrap_or(stem);
    let cut = bundle.strip_suffix(stem).or_else(|| bundle.strip_suffix(last)).unwrap_or(bundle);
    let group = cut.trim_end_matches(['.', '-']);
    group.contains('.').then(|| group.to_owned())
}

/// Artifacts that ship neither pom.properties nor a group in their manifest.
fn known_group(artifact: &str) -> Option<&'static str> {
    const PREFIXES: &[(&str, &str)] = &[
        ("spring-boot", "org.springframework.boot"),
        ("spring-security-", "org.springframework.security"),
        ("spring-data-", "org.springframework.data"),
        ("spring-cloud-", "org.springframework.cloud"),
        ("spring-", "org.springframework"),
        ("hibernate-", "org.hibernate"),
        ("lucene-", "org.apache.lucene"),
        ("solr-", "org.apache.solr"),
        ("kotlin-", "org.jetbrains.kotlin"),
        ("groovy", "org.codehaus.groovy"),
        ("struts2-", "org.apache.struts"),
        ("xwork-", "org.apache.struts.xwork"),
    ];
    const NAMES: &[(&str, &str)] = &[
        ("commons-collections", "commons-collections"),
        ("commons-beanutils", "commons-beanutils"),
        ("commons-fileupload", "commons-fileupload"),
        ("commons-lang", "commons-lang"),
        ("commons-logging", "commons-logging"),
        ("h2", "com.h2database"),
        ("hsqldb", "org.hsqldb"),
        ("ojdbc8", "com.oracle.database.jdbc"),
        ("okhttp", "com.squareup.okhttp3"),
        ("okio", "com.squareup.okio"),
        ("xstream", "com.thoughtworks.xstream"),
    ];
    let exact = NAMES.iter().find(|(name, _)| *name == artifact);
    exact.or_else(|| PREFIXES.iter().find(|(prefix, _)| artifact.starts_with(prefix))).map(|(_, group)| *group)
}

fn stem_of(file_name: &str) -> &str {
    file_name.rsplit_once('.').map_or(file_name, |(stem, _)| stem)
}

/// `guava-24.0-jre.jar` as `guava` and `24.0-jre`: the version begins at the first dash that a digit follows.
fn split(file_name: &str) -> (String, Option<&str>) {
    let stem = stem_of(file_name);
    let digit = |at: usize| stem.as_bytes().get(at + 1).is_some_and(u8::is_ascii_digit);
    let dash = stem.match_indices('-').map(|(at, _)| at).find(|at| digit(*at));
    match dash.and_then(|at| Some((stem.get(..at)?, stem.get(at + 1..)?))) {
        Some((name, version)) => (name.to_owned(), Some(version).filter(|v| is_plausible(v))),
        None => (stem.to_owned(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_at_the_version() {
        assert_eq!(split("guava-24.0-jre.jar"), ("guava".to_owned(), Some("24.0-jre")));
        assert_eq!(split("log4j-1.2-api-2.14.1.jar").0, "log4j");
        assert_eq!(split("service.jar"), ("service".to_owned(), None));
        assert_eq!(group_of_bundle("org.apache.commons.text", "commons-text").as_deref(), Some("org.apache.commons"));
    }

    #[test]
    fn the_properties_that_fit_the_name_are_the_archive() {
        let of = |g: &str, a: &str| format!("groupId={g}\nartifactId={a}\nversion=1\n").into_bytes();
        let both = [of("g", "inner"), of("g", "outer")];
        let identity = Identity::of("outer-1.jar", b"", &both);
        assert_eq!(identity.main.map(|p| p.name).as_deref(), Some("g:outer"));
        assert_eq!(identity.contained.len(), 1);
        let identity = Identity::of("spring-core-5.2.0.RELEASE.jar", b"", &[]);
        assert_eq!(
            identity.main.map(|p| p.purl()).as_deref(),
            Some("pkg:maven/org.springframework/spring-core@5.2.0.RELEASE")
        );
        assert!(Identity::of("app.jar", b"", &[]).main.is_none());
    }
}
