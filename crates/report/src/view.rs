//! What several formats show alike: groups of findings, words for people, links.

use std::collections::{BTreeMap, HashMap};

use seawall_model::{
    Ecosystem, Finding, FindingKind, Fix, FixState, NotLookedFor, Outcome, Package, PackageRef, Recognition, Report,
    Severity, WhyNot,
};

use crate::text::{clean, count, safe_url};

/// Findings that belong together: the operating system's packages, those of one lockfile, one kind of finding.
pub(crate) struct Section<'a> {
    /// `Operating system packages (debian 12)`, `npm packages, app/package-lock.json`.
    pub(crate) title: String,
    /// In the order in which their worst finding stands in the report.
    pub(crate) groups: Vec<Group<'a>>,
}

/// The findings of one package, or one finding that is not about a package.
pub(crate) struct Group<'a> {
    /// The package.
    pub(crate) package: Option<&'a PackageRef>,
    /// In the order of the report.
    pub(crate) findings: Vec<&'a Finding>,
}

/// Packages by purl.
pub(crate) fn packages(report: &Report) -> HashMap<String, &Package> {
    report.inventory.packages.iter().map(|p| (p.purl(), p)).collect()
}

/// Groups findings without changing their order within a group: the operating system's packages first, then languages
/// and other kinds in the order in which their first finding stands in the report.
pub(crate) fn sections<'a>(report: &'a Report, findings: impl Iterator<Item = &'a Finding>) -> Vec<Section<'a>> {
    let packages = packages(report);
    let mut sections: Vec<(bool, Section<'a>)> = Vec::new();
    let mut section_of: BTreeMap<String, usize> = BTreeMap::new();
    let mut group_of: HashMap<(usize, &'a str), usize> = HashMap::new();
    for finding in findings {
        let package = finding.package.as_ref();
        let known = package.and_then(|p| packages.get(&p.purl)).copied();
        let (first, title) = section_title(report, finding, known);
        let place = *section_of.entry(title.clone()).or_insert_with(|| {
            sections.push((first, Section { title, groups: Vec::new() }));
            sections.len() - 1
        });
        let Some((_, section)) = sections.get_mut(place) else { continue };
        let group = match package {
            Some(package) => group_of.get(&(place, package.purl.as_str())).copied(),
            None => None,
        };
        match group.and_then(|g| section.groups.get_mut(g)) {
            Some(group) => group.findings.push(finding),
            None => {
                if let Some(package) = package {
                    group_of.insert((place, &package.purl), section.groups.len());
                }
                section.groups.push(Group { package, findings: vec![finding] });
            }
        }
    }
    sections.sort_by_key(|(first, _)| !first);
    sections.into_iter().map(|(_, section)| section).collect()
}

fn section_title(report: &Report, finding: &Finding, package: Option<&Package>) -> (bool, String) {
    match finding.kind {
        FindingKind::Secret => return (false, "Secrets".to_owned()),
        FindingKind::Misconfiguration => return (false, "Configuration".to_owned()),
        FindingKind::Licence => return (false, "Licences".to_owned()),
        FindingKind::EndOfLife => return (false, "End of life".to_owned()),
        FindingKind::Vulnerability | FindingKind::Malware => {}
    }
    let ecosystem = match (package, &finding.package) {
        (Some(package), _) => package.ecosystem,
        (None, Some(reference)) => match ecosystem_of(&reference.purl) {
            Some(ecosystem) => ecosystem,
            None => return (false, "Other packages".to_owned()),
        },
        (None, None) if finding.kind == FindingKind::Malware => return (false, "Malware".to_owned()),
        (None, None) => return (false, "Other".to_owned()),
    };
    if ecosystem.is_operating_system() {
        let os = report
            .inventory
            .os
            .as_ref()
            .map(|os| format!(" ({})", clean(format!("{} {}", os.id, os.version_id).trim())));
        return (true, format!("Operating system packages{}", os.unwrap_or_default()));
    }
    let language = language(ecosystem);
    let lockfile = package.into_iter().flat_map(|p| &p.evidence).find(|e| {
        e.path == finding.location.path
            && matches!(e.how, Recognition::Lockfile | Recognition::Manifest | Recognition::BuildInformation)
    });
    match lockfile {
        Some(evidence) => (false, format!("{language}, {}", clean(&evidence.path))),
        None => (false, language.to_owned()),
    }
}

/// The ecosystem that a purl names.
pub(crate) fn ecosystem_of(purl: &str) -> Option<Ecosystem> {
    Ecosystem::from_purl_type(purl.strip_prefix("pkg:")?.split('/').next()?)
}

/// What the packages of an ecosystem are called.
pub(crate) const fn language(ecosystem: Ecosystem) -> &'static str {
    match ecosystem {
        Ecosystem::Apk => "Alpine packages",
        Ecosystem::Deb => "Debian packages",
        Ecosystem::Rpm => "RPM packages",
        Ecosystem::Alpm => "Arch Linux packages",
        Ecosystem::Cargo => "Rust crates",
        Ecosystem::Composer => "PHP packages",
        Ecosystem::Cran => "R packages",
        Ecosystem::Pub => "Dart packages",
        Ecosystem::Gem => "Ruby gems",
        Ecosystem::Generic => "Programs",
        Ecosystem::Golang => "Go modules",
        Ecosystem::Hackage => "Haskell packages",
        Ecosystem::Hex => "Erlang and Elixir packages",
        Ecosystem::Maven => "Java artifacts",
        Ecosystem::Npm => "JavaScript packages",
        Ecosystem::Nuget => ".NET packages",
        Ecosystem::Pypi => "Python packages",
        Ecosystem::Swift => "Swift packages",
    }
}

/// What a reader can do about it, in one or two words: the fixed version, or why there is none.
pub(crate) fn fix(fix: &Fix) -> String {
    match fix.state {
        FixState::NotAffected => "not affected".to_owned(),
        _ if !fix.versions.is_empty() => fix.versions.iter().map(|v| clean(v)).collect::<Vec<_>>().join(", "),
        FixState::Fixed => "fixed".to_owned(),
        FixState::Affected => "none yet".to_owned(),
        FixState::WontFix => "won't fix".to_owned(),
        FixState::Deferred => "deferred".to_owned(),
        FixState::UnderInvestigation => "investigated".to_owned(),
    }
}

/// Where a finding that is not about a package is; what has no path is about the image itself.
pub(crate) fn place(finding: &Finding) -> &str {
    if finding.location.path.is_empty() { "image" } else { &finding.location.path }
}

/// Whether upgrading mends it.
pub(crate) fn has_fix(finding: &Finding) -> bool {
    finding.fix.state != FixState::NotAffected && !finding.fix.versions.is_empty()
}

/// `3 critical, 10 high`; worst first, without those of which there are none.
pub(crate) fn severities(counts: &[usize; 6]) -> String {
    let words = Severity::ALL.iter().zip(counts).rev().filter(|(_, n)| **n > 0);
    words.map(|(severity, n)| format!("{n} {severity}")).collect::<Vec<_>>().join(", ")
}

/// The one line about what is not among the findings that are listed and counted; `None` where nothing is. `--all`
/// brings back what is unimportant, never what is suppressed.
pub(crate) fn hidden(report: &Report) -> Option<String> {
    let mut hidden = report.hidden.clone();
    if report.show_all {
        (hidden.unimportant, hidden.kernel_headers) = (0, 0);
    }
    let parts: Vec<String> = [
        (hidden.unimportant, "that the publisher calls unimportant"),
        (hidden.kernel_headers, "in kernel headers"),
        (hidden.suppressed, "suppressed by VEX or an exception"),
    ]
    .iter()
    .filter(|(n, _)| *n > 0)
    .map(|(n, what)| format!("{n} {what}"))
    .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Findings that [`Report::visible`] leaves out.
pub(crate) fn not_visible(report: &Report) -> impl Iterator<Item = &Finding> {
    report.findings.iter().filter(|f| f.suppressed.is_some() || (f.unimportant && !report.show_all))
}

/// Why a finding is not counted, one sentence.
pub(crate) fn why_not_counted(finding: &Finding) -> String {
    match &finding.suppressed {
        Some(by) => {
            let until = by.expires.as_ref().map(|date| format!(", until {date}")).unwrap_or_default();
            clean(&format!("{}: {} ({}{until})", by.by, by.statement, by.author)).into_owned()
        }
        None => "the publisher calls it unimportant, or it is about kernel headers".to_owned(),
    }
}

/// What was scanned, one line: `web:1.4 (docker-archive), linux/amd64, 1.2 GB in 6 layers`.
pub(crate) fn target(report: &Report) -> String {
    let target = &report.inventory.target;
    let mut out = format!("{} ({})", clean(&target.name), target.kind.prefix());
    if let Some(platform) = &target.platform {
        out.push_str(&format!(", {}", clean(&platform.to_string())));
    }
    let layers = report.inventory.layers.len();
    match (target.size, layers) {
        (Some(size), 0) => out.push_str(&format!(", {}", crate::text::bytes(size))),
        (Some(size), n) => out.push_str(&format!(", {} in {}", crate::text::bytes(size), count(n, "layer", "layers"))),
        (None, 0) => {}
        (None, n) => out.push_str(&format!(", {}", count(n, "layer", "layers"))),
    }
    out
}

/// The operating system, one line.
pub(crate) fn system(report: &Report) -> String {
    match &report.inventory.os {
        Some(os) => match &os.pretty_name {
            Some(name) => clean(name).into_owned(),
            None => clean(format!("{} {}", os.id, os.version_id).trim()).into_owned(),
        },
        None => "none recognised".to_owned(),
    }
}

/// Packages, one line: `412 (310 npm, 88 deb, 14 golang)`.
pub(crate) fn package_counts(report: &Report) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for package in &report.inventory.packages {
        *counts.entry(package.ecosystem.purl_type()).or_default() += 1;
    }
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(name, n)| (usize::MAX - n, *name));
    let total = crate::text::thousands(report.inventory.packages.len() as u64);
    if counts.is_empty() {
        return total;
    }
    let kinds = counts.iter().map(|(name, n)| format!("{n} {name}")).collect::<Vec<_>>().join(", ");
    format!("{total} ({kinds})")
}

/// The advisory database, one line.
pub(crate) fn database(report: &Report) -> String {
    match &report.database {
        Some(database) => {
            let newest =
                database.newest.as_deref().map(|date| format!(", newest of {}", clean(date))).unwrap_or_default();
            format!("{} advisories{newest}", crate::text::thousands(database.advisories))
        }
        None => "none: packages are listed, nothing was matched".to_owned(),
    }
}

/// Whether nothing visible was found, and what that is worth, one sentence.
pub(crate) fn nothing_found(report: &Report) -> Option<String> {
    if report.visible().next().is_some() {
        return None;
    }
    let packages = count(report.inventory.packages.len(), "package", "packages");
    if report.database.is_none() {
        return Some(format!("Nothing was matched: there was no advisory database ({packages} listed)."));
    }
    let gap = if report.inventory.unknowns.is_empty() { "" } else { ", but not everything could be looked at" };
    Some(match looked_only_for(report) {
        Some(kinds) => format!("Looked only for {kinds}: no findings in {packages}{gap}."),
        None => format!("No findings in {packages}{gap}."),
    })
}

/// What findings of a kind are called.
const fn kind_word(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Vulnerability => "vulnerabilities",
        FindingKind::Secret => "secrets",
        FindingKind::Malware => "malware",
        FindingKind::Misconfiguration => "misconfiguration",
        FindingKind::Licence => "licences",
        FindingKind::EndOfLife => "end of life",
    }
}

/// The kinds that were looked for, where the caller asked for some only.
fn looked_only_for(report: &Report) -> Option<String> {
    let left_out = &report.not_looked_for;
    if !left_out.iter().any(|n| n.why == WhyNot::NotAsked) {
        return None;
    }
    let whole = |kind: &FindingKind| !left_out.iter().any(|n| n.kind == *kind && n.part.is_none());
    Some(FindingKind::ALL.into_iter().filter(whole).map(kind_word).collect::<Vec<_>>().join(" and "))
}

/// The kinds of findings that were not looked for, one line; `None` where every kind was:
/// `vulnerabilities (not asked for); secrets, malware in files (not built yet)`.
pub(crate) fn not_looked_for(report: &Report) -> Option<String> {
    let words = |n: &NotLookedFor| match &n.part {
        Some(part) => format!("{} {}", kind_word(n.kind), clean(part)),
        None => kind_word(n.kind).to_owned(),
    };
    let reasons = [
        (WhyNot::NoDatabase, "no advisory database"),
        (WhyNot::NotAsked, "not asked for"),
        (WhyNot::NotBuilt, "not built yet"),
    ];
    let parts: Vec<String> = reasons
        .into_iter()
        .filter_map(|(why, reason)| {
            let kinds: Vec<String> = report.not_looked_for.iter().filter(|n| n.why == why).map(words).collect();
            (!kinds.is_empty()).then(|| format!("{} ({reason})", kinds.join(", ")))
        })
        .collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// The sign and the words that a verdict is shown with: what is not whole never reads as a plain outcome.
pub(crate) fn verdict(report: &Report) -> (&'static str, String) {
    let outcome = report.verdict.outcome;
    if outcome == Outcome::Deny || report.is_complete() {
        return (sign(outcome), outcome.to_string().to_uppercase());
    }
    ("?", format!("INCOMPLETE ({outcome} so far)"))
}

/// The summary, one line: `27 findings: 3 critical, 24 high; 20 have a fix, 1 known to be exploited`.
pub(crate) fn summary(report: &Report) -> String {
    let counts = report.counts();
    let total: usize = counts.iter().sum();
    let mut out = format!("{}: {}", count(total, "finding", "findings"), severities(&counts));
    let fixable = report.visible().filter(|f| has_fix(f)).count();
    let exploited = report.visible().filter(|f| f.enrichment.kev.is_some()).count();
    if fixable > 0 {
        out.push_str(&format!("; {fixable} {} a fix", if fixable == 1 { "has" } else { "have" }));
    }
    if exploited > 0 {
        out.push_str(&format!(", {exploited} known to be exploited"));
    }
    out
}

/// The sign that stands beside the outcome's word, so that neither colour nor the word is alone.
pub(crate) const fn sign(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Allow => "✓",
        Outcome::Warn => "!",
        Outcome::Deny => "✗",
    }
}

/// Where people read about an id: the publisher's page where the id says which it is, else the first link that the
/// advisory gives.
pub(crate) fn link(finding: &Finding) -> Option<String> {
    id_link(&finding.id).or_else(|| finding.enrichment.references.iter().find_map(|r| safe_url(r)).map(str::to_owned))
}

/// The page of an id of a known form.
pub(crate) fn id_link(id: &str) -> Option<String> {
    let plain = !id.is_empty()
        && id.len() <= 64
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b':' | b'.'));
    let (prefix, _) = id.split_once('-').filter(|_| plain)?;
    Some(match prefix {
        "CVE" => format!("https://www.cve.org/CVERecord?id={id}"),
        "GHSA" => format!("https://github.com/advisories/{id}"),
        "RUSTSEC" => format!("https://rustsec.org/advisories/{id}.html"),
        "GO" => format!("https://pkg.go.dev/vuln/{id}"),
        "DSA" | "DLA" => format!("https://security-tracker.debian.org/tracker/{id}"),
        "USN" => format!("https://ubuntu.com/security/notices/{id}"),
        "RHSA" | "RHBA" | "RHEA" => format!("https://access.redhat.com/errata/{id}"),
        "PYSEC" | "MAL" => format!("https://osv.dev/vulnerability/{id}"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::id_link;

    #[test]
    fn links_are_made_of_plain_ids_only() {
        assert_eq!(id_link("CVE-2024-1").as_deref(), Some("https://www.cve.org/CVERecord?id=CVE-2024-1"));
        assert_eq!(id_link("CVE-2024-1\"><script>"), None);
        assert_eq!(id_link("ODD-1"), None);
    }
}
