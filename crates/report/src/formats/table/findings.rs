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

struct Row<'a> {
    cells: Vec<String>,
    title: String,
    finding: &'a Finding,
}

/// Every visible finding by section and package: what is about packages first, then what is about files and settings.
pub(super) fn write(page: &mut Page<'_>) -> io::Result<()> {
    let report = page.report;
    let mut sections = view::sections(report, report.visible());
    if report.show_all {
        for mut section in view::sections(report, report.findings.iter().filter(|f| f.suppressed.is_some())) {
            section.title = format!("Suppressed: {}", section.title);
            sections.push(section);
        }
    }
    let (packages, others): (Vec<_>, Vec<_>) =
        sections.into_iter().partition(|s| s.groups.iter().any(|g| g.package.is_some()));
    let exploited = report.visible().any(|f| f.enrichment.kev.is_some());
    let roomy = page.columns() >= 110;
    let column = |name, least, right| Column { name, least, right };
    let version = Some(if roomy { 16 } else { 9 });
    let columns = vec![
        column("PACKAGE", Some(if roomy { 14 } else { 10 }), false),
        column("INSTALLED", version, false),
        column("FIXED", version, false),
        column("VULNERABILITY", (page.columns() < 80).then_some(14), false),
        column("SEVERITY", None, false),
        column("RISK", None, true),
        column(if exploited { "EPSS/KEV" } else { "EPSS" }, None, false),
    ];
    write_sections(page, &packages, columns)?;
    let columns = vec![
        column("WHERE", Some(16), false),
        column("FINDING", Some(16), false),
        column("SEVERITY", None, false),
        column("RISK", None, true),
    ];
    write_sections(page, &others, columns)
}

fn write_sections(page: &mut Page<'_>, sections: &[Section<'_>], columns: Vec<Column>) -> io::Result<()> {
    if sections.is_empty() {
        return Ok(());
    }
    let severity = columns.iter().position(|c| c.name == "SEVERITY").unwrap_or(0);
    let rows: Vec<Vec<Vec<Row<'_>>>> =
        sections.iter().map(|s| s.groups.iter().map(|g| rows(page, g)).collect()).collect();
    let cells = rows.iter().flatten().flatten().map(|r| r.cells.as_slice());
    let grid = Grid::new(columns, cells, reserved(page)).with_rest_of(page.columns());
    let titled = grid.rest() >= TITLE;
    writeln!(page.out)?;
    grid.headings(page.paint, if titled { "TITLE" } else { "" }, page.out)?;
    for (place, (section, groups)) in sections.iter().zip(&rows).enumerate() {
        if place > 0 {
            writeln!(page.out)?;
        }
        let title = fit(&heading(section), page.columns());
        writeln!(page.out, "{}", page.paint.strong(&title))?;
        for (group, rows) in section.groups.iter().zip(groups) {
            write_group(page, &grid, severity, group, rows)?;
        }
    }
    Ok(())
}

/// On a wide terminal the title gets some room before long names and versions do.
fn reserved(page: &Page<'_>) -> usize {
    match page.columns() {
        columns if columns >= 110 => columns - TITLE - columns / 8,
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
    let named = place == 0 || page.options.width.is_none();
    let only = |show: bool, text: String| if show { text } else { String::new() };
    let id = clean(&finding.id).into_owned();
    let severity = finding.severity.name().to_uppercase();
    let risk = format!("{:.0}", finding.risk.score);
    let cells = match group.package {
        None => vec![place_of(finding), id, severity, risk],
        Some(package) => {
            let fix = view::fix(&finding.fix);
            // Whoever greps a file wants every line whole; on a terminal the eye follows the group.
            let same_fix = !named && fix == *previous_fix;
            previous_fix.clone_from(&fix);
            let mut likelihood: Vec<String> =
                finding.enrichment.epss.map(|epss| share(f64::from(epss))).into_iter().collect();
            if finding.enrichment.kev.is_some() {
                likelihood.push("KEV".to_owned());
            }
            vec![
                only(named, clean(&package.name).into_owned()),
                only(named, clean(&package.version).into_owned()),
                only(!same_fix, fix),
                id,
                severity,
                risk,
                likelihood.join(" "),
            ]
        }
    };
    let title = match &finding.suppressed {
        Some(_) => view::why_not_counted(finding),
        None => clean(&finding.title).into_owned(),
    };
    Row { cells, title, finding }
}

fn place_of(finding: &Finding) -> String {
    let path = clean(view::place(finding));
    match finding.location.line {
        Some(line) => format!("{path}:{line}"),
        None => path.into_owned(),
    }
}

fn write_group(
    page: &mut Page<'_>,
    grid: &Grid,
    severity: usize,
    group: &Group<'_>,
    rows: &[Row<'_>],
) -> io::Result<()> {
    let paint = page.paint;
    for row in rows {
        let title = if grid.rest() >= TITLE { row.title.as_str() } else { "" };
        let painted = |place: usize, cell: &str| match place {
            0 => paint.strong(cell),
            column if column == severity => paint.severity(row.finding.severity, cell),
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
