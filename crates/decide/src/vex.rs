use std::cmp::Reverse;
use std::collections::HashMap;

use jiff::Timestamp;
use seawall_model::{Finding, Inventory, OperatingSystem, SuppressedBy, VexStatement, VexStatus};

use crate::cel::time::parse_timestamp;
use crate::purl::{Image, Purl, cpe_covers, image_matches, purl_matches_on, speaks_of};

/// Takes findings out of the count that VEX statements call not affected or fixed; they stay in the list, marked with
/// who says so. Of several statements about one finding the latest counts (of equally late ones the last in the list): a
/// later `affected` or `under_investigation` brings a finding back.
///
/// A statement is about a finding where
/// - one of its vulnerabilities is the finding's id, an alias or its advisory, and
/// - it has no subcomponents and one of its products is the image, or the operating system (by CPE), or the finding's
///   package or a package that contains it; or
/// - it has subcomponents, one of which is the finding's package, and one of its products is the image, the operating
///   system, or a package that contains it.
///
/// A statement without a product says nothing. docs/reference/policy.md has how purls are compared.
pub fn apply_vex(findings: &mut [Finding], statements: &[VexStatement], inventory: &Inventory) {
    let image = Image::of(&inventory.target);
    let mut ordered: Vec<(&VexStatement, Option<Timestamp>)> =
        statements.iter().map(|s| (s, parse_timestamp(&s.timestamp))).collect();
    // The latest first; what states no time is older than everything. Reversed before so that of equals the last leads.
    ordered.reverse();
    ordered.sort_by_key(|(_, time)| Reverse(*time));
    let places: Vec<(&VexStatement, Places<'_>)> =
        ordered.into_iter().map(|(s, _)| (s, Places::of(s, &image, inventory.os.as_ref()))).collect();
    let containers: HashMap<String, &str> = inventory
        .packages
        .iter()
        .filter_map(|package| package.contained_in.as_deref().map(|container| (package.purl(), container)))
        .collect();
    let surroundings =
        Surroundings { containers, distro_names: inventory.os.as_ref().map(distro_names).unwrap_or_default() };
    let mut by_id: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, (statement, _)) in places.iter().enumerate() {
        for id in &statement.vulnerabilities {
            by_id.entry(id.as_str()).or_default().push(index);
        }
    }
    for finding in findings.iter_mut().filter(|f| f.suppressed.is_none()) {
        let mut candidates: Vec<usize> = std::iter::once(&finding.id)
            .chain(&finding.aliases)
            .chain(std::iter::once(&finding.advisory))
            .filter_map(|id| by_id.get(id.as_str()))
            .flatten()
            .copied()
            .collect();
        candidates.sort_unstable();
        let latest = candidates
            .into_iter()
            .filter_map(|index| places.get(index))
            .find(|(_, places)| places.cover(finding, &surroundings));
        if let Some((statement, _)) = latest {
            finding.suppressed = suppression(statement);
        }
    }
}

fn suppression(statement: &VexStatement) -> Option<SuppressedBy> {
    let status = match statement.status {
        VexStatus::NotAffected => "not_affected",
        VexStatus::Fixed => "fixed",
        VexStatus::Affected | VexStatus::UnderInvestigation => return None,
    };
    let why = if statement.justification.is_empty() { String::new() } else { format!(": {}", statement.justification) };
    let author = match (statement.author.is_empty(), statement.document.is_empty()) {
        (false, false) => format!("{} ({})", statement.author, statement.document),
        (false, true) => statement.author.clone(),
        (true, _) => statement.document.clone(),
    };
    Some(SuppressedBy { by: "vex".to_owned(), statement: format!("{status}{why}"), author, expires: None })
}

/// Every name that a statement may have for the distribution that a package was built for.
fn distro_names(os: &OperatingSystem) -> Vec<String> {
    let mut names =
        vec![format!("{}-{}", os.id, os.version_id), format!("{}:{}", os.id, os.version_id), os.version_id.clone()];
    names.extend(os.codename.clone());
    names.extend(os.codename.as_ref().map(|codename| format!("{}/{codename}", os.id)));
    names
}

/// What a statement is about, read once.
struct Places<'a> {
    /// One of the products is what was scanned: the image or its operating system.
    whole: bool,
    /// Products that are packages.
    products: Vec<Purl<'a>>,
    subcomponents: Vec<&'a str>,
}

impl<'a> Places<'a> {
    fn of(statement: &'a VexStatement, image: &Image, os: Option<&OperatingSystem>) -> Self {
        let os_cpe = os.and_then(|os| os.cpe.as_deref());
        let whole =
            statement.products.iter().any(|p| image_matches(p, image) || os_cpe.is_some_and(|cpe| cpe_covers(p, cpe)));
        let products =
            statement.products.iter().filter_map(|p| Purl::parse(p)).filter(|p| p.kind != "oci" && p.kind != "docker");
        Self {
            whole,
            products: products.collect(),
            subcomponents: statement.subcomponents.iter().map(String::as_str).collect(),
        }
    }

    fn cover(&self, finding: &Finding, around: &Surroundings<'_>) -> bool {
        let Some(purl) = finding.package.as_ref().map(|p| p.purl.as_str()) else {
            return self.subcomponents.is_empty() && self.whole;
        };
        if self.subcomponents.is_empty() {
            return self.whole || self.names(purl, around) || self.contains(purl, around);
        }
        self.subcomponents.iter().any(|s| purl_matches_on(s, purl, &around.distro_names))
            && (self.whole || self.contains(purl, around))
    }

    /// Whether a product is this package.
    fn names(&self, purl: &str, around: &Surroundings<'_>) -> bool {
        !self.products.is_empty()
            && Purl::parse(purl)
                .is_some_and(|own| self.products.iter().any(|p| speaks_of(p, &own, &around.distro_names)))
    }

    /// Whether a product is a package that contains the given one, however deep.
    fn contains(&self, purl: &str, around: &Surroundings<'_>) -> bool {
        let mut current = purl;
        // Packages lie in each other a few levels deep; a longer chain is a loop.
        for _ in 0..16 {
            match around.containers.get(current) {
                Some(container) if self.names(container, around) => return true,
                Some(container) => current = container,
                None => return false,
            }
        }
        false
    }
}

/// What packages lie in, and how their distribution is called.
struct Surroundings<'a> {
    containers: HashMap<String, &'a str>,
    distro_names: Vec<String>,
}
