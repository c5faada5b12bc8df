//! `-o FORMAT[=FILE]`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use seawall_model::{Finding, FindingKind, Report};
use seawall_report::{FORMATS, Format, RenderOptions, format};

use crate::printer::{self, Printer};

/// Where one format goes.
pub(crate) struct Output {
    pub(crate) format: String,
    pub(crate) file: Option<PathBuf>,
}

/// Reads the options; without any, `default` goes to standard output.
pub(crate) fn parse(options: &[String], default: &str) -> Vec<Output> {
    let one = |text: &str| match text.split_once('=') {
        Some((format, file)) => Output { format: format.to_owned(), file: Some(PathBuf::from(file)) },
        None => Output { format: text.to_owned(), file: None },
    };
    if options.is_empty() { vec![one(default)] } else { options.iter().map(|o| one(o)).collect() }
}

/// Every format is looked up before anything is scanned, so that a slip of the pen costs nothing.
pub(crate) fn check(outputs: &[Output]) -> Result<Vec<&'static dyn Format>> {
    if outputs.iter().filter(|o| o.file.is_none()).count() > 1 {
        bail!("two formats for standard output\nhint: give all but one a file, as in -o sarif=report.sarif");
    }
    outputs
        .iter()
        .map(|o| {
            format(&o.format).with_context(|| {
                let known: Vec<_> = FORMATS.iter().map(|f| f.id()).collect();
                format!("`{}` is not a format\nhint: {}", o.format, known.join(", "))
            })
        })
        .collect()
}

/// Writes a report in every format that was asked for.
pub(crate) fn write(report: &Report, outputs: &[Output], sbom_only: bool, printer: &Printer) -> Result<()> {
    for (output, format) in outputs.iter().zip(check(outputs)?) {
        let is_affected = |f: &Finding| f.kind == FindingKind::Vulnerability;
        if output.format == "openvex" && (sbom_only || !report.findings.iter().any(is_affected)) {
            printer.warning(
                "there is no vulnerability to make an OpenVEX statement of, and its schema wants one at least",
            );
        }
        match &output.file {
            Some(path) => {
                let options = RenderOptions { width: None, colour: false, sbom_only };
                to_file(path, &mut |out| format.render(report, &options, out))?;
                printer.detail(&format!("wrote {}", path.display()));
            }
            None => {
                let options = RenderOptions { width: printer::width(), colour: printer::colour(), sbom_only };
                let mut out = BufWriter::new(io::stdout().lock());
                format.render(report, &options, &mut out)?;
                out.flush()?;
            }
        }
    }
    Ok(())
}

/// Writes a file whole or not at all.
pub(crate) fn to_file(path: &PathBuf, write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let describe = || format!("cannot write {}", path.display());
    let mut temporary = path.clone().into_os_string();
    temporary.push(format!(".{}.tmp", std::process::id()));
    let temporary = PathBuf::from(temporary);
    // A device such as /dev/stdout cannot be replaced.
    if path.exists() && !path.is_file() {
        let mut out = BufWriter::new(File::create(path).with_context(describe)?);
        write(&mut out).and_then(|()| out.flush()).with_context(describe)?;
        return Ok(());
    }
    let mut out = BufWriter::new(File::create(&temporary).with_context(describe)?);
    let written = write(&mut out).and_then(|()| out.flush()).and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    written.with_context(describe)
}

/// Writes bytes to standard output.
pub(crate) fn stdout(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}
