use std::io::{self, Write};

use super::paint::Paint;
use crate::text::{self, fit, pad, width, wrap};

/// Blanks between columns.
const GAP: usize = 2;

/// A column of a grid.
pub(super) struct Column {
    /// Its heading.
    pub(super) name: &'static str,
    /// The fewest columns of the terminal that it is squeezed to; `None` where it is never squeezed.
    pub(super) least: Option<usize>,
    /// Numbers stand to the right.
    pub(super) right: bool,
}

/// Lines up cells; a cell that does not fit is wrapped, only the last column is cut.
pub(super) struct Grid {
    columns: Vec<Column>,
    widths: Vec<usize>,
    /// Columns of the terminal that are left for the last, free column.
    rest: usize,
}

impl Grid {
    /// A grid for these rows within `total` columns of the terminal. What the columns need beyond that is taken from the
    /// widest that may be squeezed, one by one.
    pub(super) fn new<'r>(columns: Vec<Column>, rows: impl Iterator<Item = &'r [String]>, total: usize) -> Self {
        let mut widths: Vec<usize> = columns.iter().map(|c| width(c.name)).collect();
        for row in rows {
            for (slot, cell) in widths.iter_mut().zip(row) {
                *slot = (*slot).max(width(cell));
            }
        }
        // One long name must not push everything else to the right.
        for (slot, column) in widths.iter_mut().zip(&columns) {
            if column.least.is_some() && total <= 400 {
                *slot = (*slot).min(48);
            }
        }
        let mut over = (widths.iter().sum::<usize>() + GAP * widths.len()).saturating_sub(total);
        while over > 0 {
            let squeezable = widths.iter().zip(&columns).enumerate();
            let widest = squeezable
                .filter(|(_, (width, column))| column.least.is_some_and(|least| **width > least.max(column.name.len())))
                .max_by_key(|(_, (width, _))| **width)
                .map(|(place, _)| place);
            let Some(slot) = widest.and_then(|place| widths.get_mut(place)) else { break };
            *slot -= 1;
            over -= 1;
        }
        let used = widths.iter().sum::<usize>() + GAP * widths.len();
        Self { columns, widths, rest: total.saturating_sub(used) }
    }

    /// The same grid in a wider terminal: what is more goes to the free column.
    pub(super) fn with_rest_of(mut self, total: usize) -> Self {
        let used = self.widths.iter().sum::<usize>() + GAP * self.widths.len();
        self.rest = total.saturating_sub(used);
        self
    }

    /// Columns that the last, free column has.
    pub(super) fn rest(&self) -> usize {
        self.rest
    }

    /// The headings; `last` is that of the free column.
    pub(super) fn headings(&self, paint: Paint, last: &str, out: &mut dyn Write) -> io::Result<()> {
        let mut line = String::new();
        for (column, width) in self.columns.iter().zip(&self.widths) {
            line.push_str(&aligned(column.name, *width, column.right));
            line.push_str(&" ".repeat(GAP));
        }
        line.push_str(last);
        writeln!(out, "{}", paint.faint(line.trim_end()))
    }

    /// One row; `painted` colours the text of a column's cell.
    pub(super) fn row(
        &self,
        cells: &[String],
        last: &str,
        painted: impl Fn(usize, &str) -> String,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let wrapped: Vec<Vec<String>> =
            cells.iter().zip(&self.widths).map(|(cell, width)| wrap(cell, *width)).collect();
        let height = wrapped.iter().map(Vec::len).max().unwrap_or(1);
        for line in 0..height {
            let mut line_text = String::new();
            for (place, ((lines, width), column)) in wrapped.iter().zip(&self.widths).zip(&self.columns).enumerate() {
                let cell = lines.get(line).map_or("", String::as_str);
                let blanks = " ".repeat(width.saturating_sub(text::width(cell)));
                let cell = painted(place, cell);
                let (before, after) = if column.right { (blanks.as_str(), "") } else { ("", blanks.as_str()) };
                line_text.push_str(&format!("{before}{cell}{after}{:GAP$}", ""));
            }
            if line == 0 {
                line_text.push_str(&fit(last, self.rest));
            }
            writeln!(out, "{}", line_text.trim_end())?;
        }
        Ok(())
    }
}

fn aligned(text: &str, columns: usize, right: bool) -> String {
    if right { format!("{}{text}", " ".repeat(columns.saturating_sub(width(text)))) } else { pad(text, columns) }
}
