mod findings;
mod grid;
mod inventory;
mod paint;

use std::io::{self, Write};

use seawall_model::{Outcome, Report};

use self::paint::Paint;
use crate::text::{clean, count, share, wrap};
use crate::{Format, RenderOptions, view};

/// Unknowns that are listed one by one; `--all` lists the rest.
const UNKNOWNS: usize = 10;

/// Steps of the fix plan that are listed; `--all` lists the rest.
const STEPS: usize = 5;

/// The table for people, before a push: grouped, short, the verdict last, where the eye is.
pub(crate) struct Table;

impl Format for Table {
    fn id(&self) -> &'static str {
        "table"
    }

    fn about(&self) -> &'static str {
        "a table for people: findings by package, what to upgrade first, and the verdict"
    }

    fn specification(&self) -> &'static str {
        ""
    }

    fn media_type(&self) -> &'static str {
        "text/plain; charset=utf-8"
    }

    fn file_extension(&self) -> &'static str {
        "txt"
    }

    fn render(&self, report: &Report, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        let mut page = Page { report, options, paint: Paint::new(options.colour), out };
        page.header()?;
        if options.sbom_only {
            inventory::write(&mut page)?;
            page.unknowns()
        } else {
            findings::write(&mut page)?;
            page.summary()?;
            page.unknowns()?;
            page.fix_plan()?;
            page.verdict()
        }
    }
}

/// What every part of the table needs.
struct Page<'a> {
    report: &'a Report,
    options: &'a RenderOptions,
    paint: Paint,
    out: &'a mut dyn Write,
}

impl Page<'_> {
    /// Whether long lists are cut short: on a terminal, unless `--all` asks for everything.
    fn folds(&self) -> bool {
        self.options.width.is_some() && !self.report.show_all
    }

    /// The columns that the tables may take. Where nobody looks at a terminal they are wide enough for anything but an
    /// attack: each row is padded to the widest cell.
    fn columns(&self) -> usize {
        self.options.width.map_or(1000, |width| width.clamp(40, 400))
    }

    /// A paragraph with a hanging indent: `first` before its first line, as many blanks before the others.
    fn paragraph(&mut self, first: &str, plain_width: usize, text: &str) -> io::Result<()> {
        let columns = self.options.width.map_or(usize::MAX, |_| self.columns());
        let lines = wrap(text, columns.saturating_sub(plain_width));
        for (place, line) in lines.iter().enumerate() {
            if place == 0 {
                writeln!(self.out, "{first}{line}")?;
            } else {
                writeln!(self.out, "{:plain_width$}{line}", "")?;
            }
        }
        Ok(())
    }

    fn header(&mut self) -> io::Result<()> {
        let mut rows = vec![("Target", view::target(self.report)), ("System", view::system(self.report))];
        rows.push(("Packages", view::package_counts(self.report)));
        if !self.options.sbom_only {
            rows.push(("Advisories", view::database(self.report)));
        }
        for (name, value) in rows {
            let label = self.paint.faint(&format!("{name:<12}"));
            self.paragraph(&label, 12, &value)?;
        }
        Ok(())
    }

    fn summary(&mut self) -> io::Result<()> {
        writeln!(self.out)?;
        let line = match view::nothing_found(self.report) {
            Some(nothing) => nothing,
            None => view::summary(self.report),
        };
        for line in wrap(&line, self.columns()) {
            writeln!(self.out, "{}", self.paint.strong(&line))?;
        }
        if let Some(hidden) = view::hidden(self.report) {
            let line = if self.report.show_all {
                format!("Not counted: {hidden} (listed as suppressed).")
            } else {
                format!("Not listed: {hidden} (--all lists them).")
            };
            self.paragraph("", 0, &line)?;
        }
        if let Some(kinds) = view::not_looked_for(self.report) {
            self.paragraph("", 0, &format!("Not looked for: {kinds}."))?;
        }
        Ok(())
    }

    fn unknowns(&mut self) -> io::Result<()> {
        let unknowns = &self.report.inventory.unknowns;
        if unknowns.is_empty() {
            return Ok(());
        }
        let things = count(unknowns.len(), "thing", "things");
        writeln!(self.out, "\n{}", self.paint.strong(&format!("Not looked at: {things}")))?;
        let shown = if self.folds() { UNKNOWNS } else { unknowns.len() };
        for unknown in unknowns.iter().take(shown) {
            let text = format!("{}: {}", clean(&unknown.path), clean(&unknown.reason));
            self.paragraph("  ? ", 4, &text)?;
        }
        match unknowns.len().saturating_sub(shown) {
            0 => Ok(()),
            more => writeln!(self.out, "    and {more} more (--all lists them)"),
        }
    }

    fn fix_plan(&mut self) -> io::Result<()> {
        let plan = &self.report.fix_plan;
        if plan.steps.is_empty() {
            return Ok(());
        }
        let title = format!("Fix first (all steps together remove {} of the risk)", share(plan.removes));
        writeln!(self.out)?;
        self.paragraph("", 0, &title)?;
        let shown = if self.folds() { STEPS } else { plan.steps.len() };
        for (place, step) in plan.steps.iter().take(shown).enumerate() {
            let number = format!("{:>3}. ", place + 1);
            let what = clean(&step.what);
            let change = if step.from.is_empty() {
                format!("{what} to {}", clean(&step.to))
            } else {
                format!("{what} {} → {}", clean(&step.from), clean(&step.to))
            };
            let removed = count(step.removes.len(), "finding", "findings");
            let ids: Vec<String> = step.removes.iter().take(3).map(|id| clean(id).into_owned()).collect();
            let more = match step.removes.len().saturating_sub(ids.len()) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let ids = if ids.is_empty() { String::new() } else { format!(": {}{more}", ids.join(", ")) };
            self.paragraph(&number, 5, &change)?;
            self.paragraph("     ", 5, &format!("removes {removed}{ids}"))?;
            if !step.how.is_empty() {
                self.paragraph("     ", 5, &clean(&step.how))?;
            }
        }
        match plan.steps.len().saturating_sub(shown) {
            0 => Ok(()),
            more => writeln!(self.out, "     and {} (--all lists them)", count(more, "more step", "more steps")),
        }
    }

    fn verdict(&mut self) -> io::Result<()> {
        let verdict = &self.report.verdict;
        let (sign, word) = view::verdict(self.report);
        let word = format!("{sign} {word}");
        let policy = match verdict.policy.as_str() {
            "" => String::new(),
            name => format!(" by policy {}", clean(name)),
        };
        writeln!(self.out, "\nVerdict: {}{policy}", self.paint.outcome(verdict.outcome, &word))?;
        for reason in &verdict.reasons {
            let label = format!("  {} {:<5} ", view::sign(reason.outcome), reason.outcome.to_string());
            let painted = self.paint.outcome(reason.outcome, &label);
            let text = format!("{}: {}", clean(&reason.rule), clean(&reason.message));
            self.paragraph(&painted, 10, &text)?;
            if !self.folds() || reason.outcome != Outcome::Allow {
                self.subjects(&reason.subjects)?;
            }
        }
        Ok(())
    }

    fn subjects(&mut self, subjects: &[String]) -> io::Result<()> {
        let shown = if self.folds() { 3 } else { subjects.len() };
        for subject in subjects.iter().take(shown) {
            self.paragraph(&self.paint.faint("          · "), 12, &clean(subject))?;
        }
        match subjects.len().saturating_sub(shown) {
            0 => Ok(()),
            more => writeln!(self.out, "          · and {more} more"),
        }
    }
}
