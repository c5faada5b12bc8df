//! Renders every format from the sample reports: `cargo run -p seawall-report --example render-sample -- FOLDER`.
//!
//! The folder then holds `<case>.<format id>.<extension>`; tests/conformance/formats.sh reads them back with other
//! tools.
#![allow(missing_docs, dead_code)]

#[path = "../tests/support/sample.rs"]
mod sample;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use seawall_report::{FORMATS, RenderOptions, ReportDiff};

fn main() -> io::Result<()> {
    let folder = PathBuf::from(std::env::args_os().nth(1).unwrap_or_else(|| "target/formats".into()));
    std::fs::create_dir_all(&folder)?;
    let create = |name: String| File::create(folder.join(name)).map(BufWriter::new);
    for (case, report) in [
        ("rich", sample::rich()),
        ("everything", sample::everything()),
        ("empty", sample::empty()),
        ("large", sample::large(5000)),
    ] {
        for format in FORMATS {
            for (kind, sbom_only) in [("", false), ("-sbom", true)] {
                // The large case is there to be looked at; other tools take minutes for it.
                if case == "large" && (sbom_only || !matches!(format.id(), "html" | "json" | "table")) {
                    continue;
                }
                let name = format!("{case}{kind}.{}.{}", format.id(), format.file_extension());
                let mut out = create(name)?;
                format.render(&report, &RenderOptions { sbom_only, ..RenderOptions::default() }, &mut out)?;
                out.flush()?;
            }
        }
    }
    for width in [80, 120, 200] {
        for (kind, colour) in [("", false), ("-colour", true)] {
            let mut out = create(format!("terminal-{width}{kind}.txt"))?;
            let options = RenderOptions { width: Some(width), colour, sbom_only: false };
            let table = seawall_report::format("table").ok_or_else(|| io::Error::other("no table"))?;
            table.render(&sample::rich(), &options, &mut out)?;
            let options = RenderOptions { sbom_only: true, ..options };
            table.render(&sample::rich(), &options, &mut create(format!("terminal-sbom-{width}{kind}.txt"))?)?;
        }
    }
    let (old, new) = (sample::rich(), sample::next());
    let diff = ReportDiff::between(&old, &new);
    diff.write_table(&RenderOptions { width: Some(100), ..RenderOptions::default() }, &mut create("diff.txt".into())?)?;
    diff.write_json(&mut create("diff.json".into())?)?;
    diff.write_markdown(&mut create("diff.md".into())?)
}
