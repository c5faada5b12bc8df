use std::collections::HashMap;

use seawall_model::{Dependency, Ecosystem, Package, Recognition, UnknownKind};

use crate::text::{self, Unread};
use crate::unit::{Cataloger, File, Files, Observer, Want};

/// Reads the lockfiles of Bundler.
pub(crate) struct RubyGemfileLock;

impl Cataloger for RubyGemfileLock {
    fn id(&self) -> &'static str {
        "ruby-gemfile-lock"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> &'static str {
        "Bundler lockfiles (Gemfile.lock, gems.locked)"
    }

    fn specification(&self) -> &'static str {
        "https://bundler.io/man/gemfile.5.html"
    }

    fn wants(&self) -> &'static [Want] {
        &[
            Want { files: Files::Name("Gemfile.lock"), need: text::LOCKFILE },
            Want { files: Files::Name("gems.locked"), need: text::LOCKFILE },
        ]
    }

    fn catalog(&self, file: &File<'_>, seen: &mut Observer<'_>) {
        if is_shipped(file) {
            return;
        }
        let text = text::decode(file.content, seen);
        let mut unread = Unread::default();
        let lock = read(&text, &mut unread, seen);
        unread.say(UnknownKind::Malformed, "not understood", seen);
        report(lock, seen);
    }
}

/// Whether it came along inside an installed gem (`gems/name-1.0.0/…`), and so describes that gem's own development.
fn is_shipped(file: &File<'_>) -> bool {
    let mut within = false;
    file.folder().split('/').any(|folder| std::mem::replace(&mut within, folder == "gems") && folder.contains('-'))
}

#[derive(Default)]
struct Lock<'t> {
    /// Name, version without the platform, needs; one entry for each platform of a gem.
    gems: Vec<(&'t str, &'t str, Vec<&'t str>)>,
    /// Digests by name and version.
    checksums: HashMap<(&'t str, &'t str), Vec<String>>,
    /// Names and versions of the project's own gems.
    own: Vec<(&'t str, &'t str)>,
}

fn read<'t>(text: &'t str, unread: &mut Unread, seen: &mut Observer<'_>) -> Lock<'t> {
    let mut lock = Lock::default();
    let mut section = "";
    for (number, line) in text::lines(text, seen) {
        if lock.gems.len() >= text::MAX_ENTRIES {
            seen.unknown(UnknownKind::Limit, format_args!("more than {} entries", text::MAX_ENTRIES));
            break;
        }
        let body = line.trim();
        let indent = line.len().saturating_sub(line.trim_start_matches(' ').len());
        match (section, indent) {
            _ if body.is_empty() => {}
            (_, 0) if body.bytes().all(|b| b.is_ascii_uppercase() || b == b' ') => section = body,
            (_, 0) => unread.add(format_args!("line {number}")),
            ("GEM" | "GIT" | "PLUGIN SOURCE", 4) => match spec(body) {
                Some((name, version)) => lock.gems.push((name, version, Vec::new())),
                None => unread.add(format_args!("line {number}")),
            },
            ("GEM" | "GIT" | "PLUGIN SOURCE", 6) => match (lock.gems.last_mut(), body.split(' ').next()) {
                (Some((_, _, needs)), Some(name)) => needs.push(name.trim_end_matches('!')),
                _ => unread.add(format_args!("line {number}")),
            },
            ("PATH", 4) => lock.own.extend(spec(body)),
            ("CHECKSUMS", 2) => {
                let Some((gem, digest)) = body.rsplit_once(' ') else { continue };
                if let (Some(key), Some(hex)) = (spec(gem), digest.strip_prefix("sha256=")) {
                    let is_digest = hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit());
                    let digests = lock.checksums.entry(key).or_default();
                    digests.extend(is_digest.then(|| format!("sha256:{hex}")));
                }
            }
            // Addresses, platforms and what the project itself asks for.
            _ => {}
        }
    }
    lock
}

/// `name (1.0.0)` or `name (1.0.0-x86_64-linux)`: a gem's version has no hyphen, so what follows one is the platform.
fn spec(text: &str) -> Option<(&str, &str)> {
    let (name, version) = text.split_once(" (")?;
    let version = version.strip_suffix(')')?.split('-').next()?;
    (text::is_plausible(name) && text::is_plausible(version)).then_some((name, version))
}

fn report(mut lock: Lock<'_>, seen: &mut Observer<'_>) {
    let known = lock.gems.iter().map(|(name, version, _)| (*name, *version)).chain(lock.own.iter().copied());
    let versions: HashMap<&str, &str> = known.collect();
    // The variants of a gem for several platforms are one package.
    let mut packages: Vec<Package> = Vec::new();
    let mut numbers: HashMap<(&str, &str), usize> = HashMap::new();
    for (name, version, needs) in &lock.gems {
        let at = *numbers.entry((*name, *version)).or_insert(packages.len());
        if at == packages.len() {
            let mut package = Package::new(Ecosystem::Gem, *name, *version);
            package.checksums = lock.checksums.remove(&(*name, *version)).unwrap_or_default();
            packages.push(package);
        }
        let needs = needs.iter().map(|need| {
            let version = versions.get(need).map(|version| (*version).to_owned());
            Dependency { name: (*need).to_owned(), version }
        });
        if let Some(package) = packages.get_mut(at) {
            package.dependencies.extend(needs);
        }
    }
    for mut package in packages {
        package.dependencies.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
        package.dependencies.dedup();
        seen.package(Recognition::Lockfile, package);
    }
}
