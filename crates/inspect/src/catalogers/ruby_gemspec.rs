use std::sync::LazyLock;

use regex::Regex;
use seawall_model::{Dependency, Ecosystem, Package, Recognition, UnknownKind};

use crate::text;
use crate::unit::{Cataloger, File, Files, Need, Observer, Want};

/// Reads the specifications of installed gems.
///
/// They are Ruby programs, but RubyGems writes them in one form, from which literals can be read; a specification that
/// computes its version is taken by the stub line that RubyGems puts first, or by its file name.
pub(crate) struct RubyGemspec;

impl Cataloger for RubyGemspec {
    fn id(&self) -> &'static str {
        "ruby-gemspec"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> &'static str {
        "installed gems (specifications/*.gemspec, specifications/default/*.gemspec)"
    }

    fn specification(&self) -> &'static str {
        "https://guides.rubygems.org/specification-reference/"
    }

    fn wants(&self) -> &'static [Want] {
        &[Want { files: Files::Suffix(".gemspec"), need: Need::Content(1 << 20) }]
    }

    fn catalog(&self, file: &File<'_>, seen: &mut Observer<'_>) {
        let folder = file.folder();
        let installed = folder.strip_suffix("/default").unwrap_or(folder);
        if installed.rsplit('/').next() != Some("specifications") {
            return;
        }
        let text = text::decode(file.content, seen);
        let found = read(&text);
        let stub = found.stub.unwrap_or_default();
        let by_name = file.name().strip_suffix(".gemspec").and_then(named).unwrap_or_default();
        let usable = |text: &&str| text::is_plausible(text);
        let name = found.name.or(Some(stub.0)).filter(usable).or(Some(by_name.0)).filter(usable);
        let version = found.version.or(Some(stub.1)).filter(usable).or(Some(by_name.1)).filter(usable);
        let (Some(name), Some(version), true) = (name, version, found.is_specification) else {
            seen.unknown(UnknownKind::Malformed, "no specification with a readable name and version");
            return;
        };
        let mut package = Package::new(Ecosystem::Gem, name, version);
        package.licences = found.licences;
        package.dependencies = found.needs;
        seen.package(Recognition::InstalledMetadata, package);
    }
}

#[derive(Default)]
struct Found<'t> {
    is_specification: bool,
    stub: Option<(&'t str, &'t str)>,
    name: Option<&'t str>,
    version: Option<&'t str>,
    licences: Vec<String>,
    needs: Vec<Dependency>,
}

/// A text literal: `"a"`, `'a'`, `%q<a>`.
const LITERAL: &str = r#"(?:"([^"\\#]*)"|'([^'\\]*)'|%q<([^<>]*)>)"#;

static ASSIGNMENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(&format!(r"^\s*\w+\.(name|version|licenses?)\s*=\s*(?:Gem::Version\.new\(?\s*)?\[?\s*{LITERAL}")).ok()
});
static NEED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(&format!(r"^\s*\w+\.add_(?:runtime_)?dependency\s*\(?\s*{LITERAL}")).ok());
static TEXT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(LITERAL).ok());

fn read(text: &str) -> Found<'_> {
    let mut found = Found::default();
    let (Some(assignment), Some(need), Some(literal)) = (&*ASSIGNMENT, &*NEED, &*TEXT) else { return found };
    // The list of a gem's files is one line of any length; nothing that we read stands behind so much of a line.
    for line in text.lines().map(|line| line.get(..text::MAX_LINE).unwrap_or(line)) {
        found.is_specification |= line.contains("Gem::Specification");
        // `# stub: name version platform paths`
        if let Some(stub) = line.strip_prefix("# stub: ") {
            let mut words = stub.split(' ');
            found.stub = found.stub.or(words.next().zip(words.next()));
        } else if let Some(captures) = assignment.captures(line) {
            let value = text_of(&captures, 2);
            match captures.get(1).map(|m| m.as_str()) {
                Some("name") => found.name = found.name.or(value),
                Some("version") => found.version = found.version.or(value),
                _ => {
                    let all = literal.captures_iter(line).filter_map(|captures| text_of(&captures, 1));
                    found.licences.extend(all.filter(|licence| !licence.is_empty()).map(str::to_owned));
                }
            }
        } else if let Some(name) = need.captures(line).and_then(|captures| text_of(&captures, 1)) {
            found.needs.push(Dependency { name: name.to_owned(), version: None });
        }
    }
    // RubyGems writes its needs once for each generation of clients.
    found.needs.sort_by(|a, b| a.name.cmp(&b.name));
    found.needs.dedup();
    found
}

fn text_of<'t>(captures: &regex::Captures<'t>, from: usize) -> Option<&'t str> {
    (from..from.saturating_add(3)).find_map(|group| captures.get(group)).map(|m| m.as_str())
}

/// Name and version of `name-1.0.0` and `name-1.0.0-x86_64-linux`: the version begins at the first hyphen before a digit
/// behind which everything up to the next hyphen is a version.
fn named(stem: &str) -> Option<(&str, &str)> {
    let is_version = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_digit()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.')
    };
    let split = |(at, _): (usize, &str)| {
        let version = stem.get(at.saturating_add(1)..)?.split('-').next()?;
        is_version(version).then_some((stem.get(..at)?, version))
    };
    stem.match_indices('-').find_map(split)
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn file_names_say_name_and_version() {
        assert_eq!(named("nokogiri-1.15.0-x86_64-linux"), Some(("nokogiri", "1.15.0")));
        assert_eq!(named("net-http-0.3.0.rc1"), Some(("net-http", "0.3.0.rc1")));
        assert_eq!(named("nothing"), None);
    }
}
