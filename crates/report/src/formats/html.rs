mod parts;

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use seawall_model::Report;
use sha2::{Digest as _, Sha256};

use crate::text::html;
use crate::{Format, RenderOptions};

const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/script.js");

/// One self-contained HTML file: nothing is loaded from anywhere, and the content security policy forbids it.
pub(crate) struct Html;

impl Format for Html {
    fn id(&self) -> &'static str {
        "html"
    }

    fn about(&self) -> &'static str {
        "one self-contained HTML file to read, filter, sort and print"
    }

    fn specification(&self) -> &'static str {
        "https://html.spec.whatwg.org/"
    }

    fn media_type(&self) -> &'static str {
        "text/html; charset=utf-8"
    }

    fn file_extension(&self) -> &'static str {
        "html"
    }

    fn render(&self, report: &Report, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        head(report, out)?;
        parts::header(report, options, out)?;
        writeln!(out, "<main id=\"main\">")?;
        if options.sbom_only {
            parts::unknowns(report, out)?;
            parts::packages(report, true, out)?;
        } else {
            parts::verdict(report, out)?;
            parts::fix_plan(report, out)?;
            parts::unknowns(report, out)?;
            parts::findings(report, out)?;
            parts::not_counted(report, out)?;
            parts::packages(report, false, out)?;
        }
        writeln!(out, "</main>\n<footer>{} {}</footer>", html(&report.tool.name), html(&report.tool.version))?;
        writeln!(out, "<script>{SCRIPT}</script>\n</body>\n</html>")
    }
}

fn head(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        STANDARD.encode(Sha256::digest(STYLE)),
        STANDARD.encode(Sha256::digest(SCRIPT))
    );
    writeln!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{} · {} · Seawall</title>\n<style>{STYLE}</style>\n</head>\n<body>",
        html(&report.verdict.outcome.to_string().to_uppercase()),
        html(&report.inventory.target.name)
    )?;
    writeln!(out, "<a class=\"skip\" href=\"#main\">Skip to the report</a>")
}
