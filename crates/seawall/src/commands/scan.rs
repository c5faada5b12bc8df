//! `seawall scan`.

use anyhow::Result;

use super::judge::{self, Judging};
use super::{outputs, target};
use crate::Exit;
use crate::cli::ScanArgs;
use crate::printer::Printer;
use crate::progress::Line;

pub(crate) fn run(arguments: &ScanArgs, printer: &Printer) -> Result<Exit> {
    let outputs = outputs::parse(&arguments.output, "table");
    outputs::check(&outputs)?;
    let judging = Judging::load(&arguments.judge, &arguments.gate, printer)?;
    let report = {
        let progress = Line::new(printer.shows_progress());
        let inventory = target::inventory(&arguments.target, &arguments.read, printer, &progress)?;
        judging.judge(inventory, arguments.all, arguments.with_time, &progress)?
    };
    outputs::write(&report, &outputs, false, printer)?;
    let exit = judge::exit(&report);
    // The process ends here: giving back its texts one by one would only keep the caller waiting.
    std::mem::forget((report, judging));
    Ok(exit)
}
