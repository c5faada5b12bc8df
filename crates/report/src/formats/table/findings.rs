use std::io;

use seawall_model::{Finding, Severity};

use super::Page;
use super::grid::{Column, Grid};
use crate::text::{clean, fit, share};
use crate::view::{self, Group, Section};

/// Findings of one package that are listed one by one; `--all` lists the rest.
const PER_PACKAGE: usize = 5;

/// The fewest columns in which a title is worth its place.
const TITLE: usize = 18;

/// Place of the severity among the cells.
const SEVERITY: usize = 4;

struct Row<'a> {
    cells: [String; 7],
    title: String,
    finding: &'a Finding,
}

/// Every visible finding by section and package.
pub(super) fn write(page: &mut Page<'_>) -> io::Result<()> {
    let report = page.report;
    let mut sections = view::sections(report, report.visible());
    if report.show_all {
        for mut section in view::sections(report, report.findings.iter().filter(|f| f.suppressed.is_some())) {
            section.title = format!("Suppressed: {}", section.title);
            sections.push(section);
        }
    }
    let rows: Vec<Vec<Vec<Row<'_>>>> =
        sections.iter().map(|s| s.groups.iter().map(|g| rows(page, g)).collect()).collect();
    let exploited = report.visible().any(|f| f.enrichment.kev.is_some());
    let column = |name, least, right| Column { name, least, right };
    let columns = vec![
        column("PACKAGE", Some(12), false),
        column("INSTALLED", Some(10), false),
        column("FIXED", Some(10), false),
        column("VULNERABILITY", None, false),
        column("SEVERITY", None, false),
        column("RISK", None, true),
        column(if exploited { "EPSS / KEV" } else { "EPSS" }, None, false),
    ];
    let grid = Grid::new(columns, rows.iter().flatten().flatten().map(|r| r.cells.as_slice()), reserved(page))
        .with_rest_of(page.columns());
    for (section, groups) in sections.iter().zip(&rows) {
        let title = fit(&heading(section), page.columns());
        writeln!(page.out, "\n{}", page.paint.strong(&title))?;
        grid.headings(page.paint, if grid.rest() >= TITLE { "TITLE" } else { "" }, page.out)?;
        for (group, rows) in section.groups.iter().zip(groups) {
            write_group(page, &grid, group, rows)?;
        }
    }
    Ok(())
}

/// On a wide terminal the title gets some room before long names and versions do.
fn reserved(page: &Page<'_>) -> usize {
    match page.columns() {
        columns if columns >= 110 => columns - columns / 4,
        columns => columns,
    }
}

fn heading(section: &Section<'_>) -> String {
    let mut counts = [0; 6];
    for finding in section.groups.iter().flat_map(|g| &g.findings) {
        for (slot, severity) in counts.iter_mut().zip(Severity::ALL) {
            *slot += usize::from(severity == finding.severity);
        }
    }
    format!("{}: {}", section.title, view::severities(&counts))
}

fn rows<'a>(page: &Page<'_>, group: &Group<'a>) -> Vec<Row<'a>> {
    // One finding more than would be folded is better shown than counted.
    let shown = if page.folds() && group.findings.len() > PER_PACKAGE + 1 { PER_PACKAGE } else { group.findings.len() };
    let mut previous_fix = String::new();
    group
        .findings
        .iter()
        .take(shown)
        .enumerate()
        .map(|(place, finding)| row(page, group, place, finding, &mut previous_fix))
        .collect()
}

fn row<'a>(
    page: &Page<'_>,
    group: &Group<'a>,
    place: usize,
    finding: &'a Finding,
    previous_fix: &mut String,
) -> Row<'a> {
    let (name, version) = match group.package {
        Some(package) => (clean(&package.name).into_owned(), clean(&package.version).into_owned()),
        None => (place_of(finding), String::new()),
    };
    let fix = if finding.package.is_some() { view::fix(&finding.fix) } else { String::new() };
    // Whoever greps a file wants every line whole; on a terminal the eye follows the group.
    let named = place == 0 || page.options.width.is_none();
    let same_fix = !named && fix == *previous_fix;
    previous_fix.clone_from(&fix);
    let enrichment = &finding.enrichment;
    let mut likelihood: Vec<String> = enrichment.epss.map(|epss| share(f64::from(epss))).into_iter().collect();
    if enrichment.kev.is_some() {
        likelihood.push("KEV".to_owned());
    }
    let cells = [
        if named { name } else { String::new() },
        if named { version } else { String::new() },
        if same_fix { String::new() } else { fix },
        clean(&finding.id).into_owned(),
        finding.severity.name().to_uppercase(),
        format!("{:.0}", finding.risk.score),
        likelihood.join(" "),
    ];
    let title = match &finding.suppressed {
        Some(_) => view::why_not_counted(finding),
        None => clean(&finding.title).into_owned(),
    };
    Row { cells, title, finding }
}

fn place_of(finding: &Finding) -> String {
    let path = clean(&finding.location.path);
    match finding.location.line {
        Some(line) => format!("{path}:{line}"),
        None => path.into_owned(),
    }
}

fn write_group(page: &mut Page<'_>, grid: &Grid, group: &Group<'_>, rows: &[Row<'_>]) -> io::Result<()> {
    let paint = page.paint;
    for row in rows {
        let title = if grid.rest() >= TITLE { row.title.as_str() } else { "" };
        let painted = |place: usize, cell: &str| match place {
            0 => paint.strong(cell),
            SEVERITY => paint.severity(row.finding.severity, cell),
            _ => cell.to_owned(),
        };
        grid.row(&row.cells, title, painted, page.out)?;
    }
    let folded = group.findings.get(rows.len()..).unwrap_or_default();
    if folded.is_empty() {
        return Ok(());
    }
    let mut counts = [0; 6];
    for finding in folded {
        for (slot, severity) in counts.iter_mut().zip(Severity::ALL) {
            *slot += usize::from(severity == finding.severity);
        }
    }
    let line = format!("  and {} more: {} (--all lists them)", folded.len(), view::severities(&counts));
    page.paragraph("", 0, &line)
}
