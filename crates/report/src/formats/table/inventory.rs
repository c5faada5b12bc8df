use std::io;

use super::Page;
use super::grid::{Column, Grid};
use crate::text::clean;

/// Every package.
pub(super) fn write(page: &mut Page<'_>) -> io::Result<()> {
    let report = page.report;
    let row = |package: &seawall_model::Package| {
        let licences: Vec<_> = package.licences.iter().map(|l| clean(l).into_owned()).collect();
        let place = package.evidence.first().map(|e| clean(&e.path).into_owned()).unwrap_or_default();
        let cells = vec![
            clean(&package.name).into_owned(),
            clean(&package.version).into_owned(),
            package.ecosystem.purl_type().to_owned(),
            licences.join(", "),
        ];
        (cells, place)
    };
    let rows: Vec<(Vec<String>, String)> = report.inventory.packages.iter().map(row).collect();
    if rows.is_empty() {
        return writeln!(page.out, "\nNo packages were found.");
    }
    let column = |name, least| Column { name, least, right: false };
    let columns = vec![
        column("PACKAGE", Some(16)),
        column("VERSION", Some(10)),
        column("TYPE", None),
        column("LICENCE", Some(12)),
    ];
    let reserved = if page.columns() >= 100 { page.columns() - 24 } else { page.columns() };
    let grid = Grid::new(columns, rows.iter().map(|(cells, _)| cells.as_slice()), reserved);
    let grid = grid.with_rest_of(page.columns());
    let paint = page.paint;
    writeln!(page.out)?;
    let places = grid.rest() >= 16;
    grid.headings(paint, if places { "FOUND IN" } else { "" }, page.out)?;
    for (cells, place) in &rows {
        let painted = |column: usize, cell: &str| if column == 0 { paint.strong(cell) } else { cell.to_owned() };
        grid.row(cells, if places { place } else { "" }, painted, page.out)?;
    }
    Ok(())
}
