mod parts;

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use seawall_model::Report;
use sha2::{Digest as _, Sha256};

use crate::text::html;
use crate::{Format, RenderOptions, view};

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
        head(report, options, out)?;
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

fn head(report: &Report, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
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
        if options.sbom_only { "Inventory".to_owned() } else { view::verdict(report).1 },
        html(&report.inventory.target.name)
    )?;
    writeln!(out, "<a class=\"skip\" href=\"#main\">Skip to the report</a>")
}

#[cfg(test)]
mod tests {
    use super::STYLE;

    /// Relative luminance (WCAG 2.2) of `#rrggbb` or `#rgb`.
    fn luminance(colour: &str) -> f64 {
        let digits: Vec<u32> = colour.trim_start_matches('#').chars().map(|c| c.to_digit(16).unwrap()).collect();
        let parts: Vec<u32> = match digits.len() {
            3 => digits.iter().map(|d| d * 17).collect(),
            _ => digits.chunks(2).map(|pair| pair[0] * 16 + pair[1]).collect(),
        };
        let linear = |part: u32| match f64::from(part) / 255.0 {
            low if low <= 0.04045 => low / 12.92,
            high => ((high + 0.055) / 1.055).powf(2.4),
        };
        0.2126 * linear(parts[0]) + 0.7152 * linear(parts[1]) + 0.0722 * linear(parts[2])
    }

    #[test]
    fn every_text_colour_has_enough_contrast_in_light_dark_and_print() {
        let mut schemes = 0;
        for block in STYLE.split(":root {").skip(1) {
            let block = block.split('}').next().unwrap();
            let variable = |declaration: &str| {
                let (name, value) = declaration.trim().strip_prefix("--")?.split_once(": ")?;
                Some((name.to_owned(), value.to_owned()))
            };
            let colours: Vec<(String, String)> = block.split(';').filter_map(variable).collect();
            let of = |name: &str| luminance(&colours.iter().find(|(n, _)| n == name).unwrap().1);
            for (name, value) in colours.iter().filter(|(n, _)| !matches!(n.as_str(), "paper" | "panel" | "line")) {
                for ground in [of("paper"), of("panel")] {
                    let text = luminance(value);
                    let ratio = (ground.max(text) + 0.05) / (ground.min(text) + 0.05);
                    assert!(ratio >= 4.5, "{name} {value}: {ratio:.2}");
                }
            }
            schemes += 1;
        }
        assert_eq!(schemes, 3);
    }
}
