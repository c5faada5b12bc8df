//! Every format: its snapshots, its order, its harmlessness.
//!
//! `SEAWALL_BLESS=1 cargo test -p seawall-report` writes the snapshots anew.
#![allow(missing_docs, dead_code, clippy::disallowed_methods, clippy::print_stderr)]

#[path = "support/sample.rs"]
mod sample;

use std::path::PathBuf;

use seawall_model::{FindingKind, NotLookedFor, Report, WhyNot};
use seawall_report::{FORMATS, Format, RenderOptions, ReportDiff, format};

fn rendered(format: &dyn Format, report: &Report, options: RenderOptions) -> String {
    let mut out = Vec::new();
    format.render(report, &options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn plain(id: &str, report: &Report) -> String {
    rendered(format(id).unwrap(), report, RenderOptions::default())
}

fn compare(kind: &str, case: &str, actual: &str) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata/report").join(kind);
    let path = folder.join(case);
    if std::env::var_os("SEAWALL_BLESS").is_some() {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(&path, actual).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == actual, "{} differs; SEAWALL_BLESS=1 writes it anew\n{actual}", path.display());
}

#[test]
fn every_format_is_as_it_was() {
    for format in FORMATS {
        for (case, report) in
            [("rich", sample::rich()), ("everything", sample::everything()), ("empty", sample::empty())]
        {
            compare(format.id(), case, &rendered(*format, &report, RenderOptions::default()));
        }
        let sbom = RenderOptions { sbom_only: true, ..RenderOptions::default() };
        compare(format.id(), "sbom", &rendered(*format, &sample::rich(), sbom));
    }
}

#[test]
fn the_table_is_as_it_was_on_every_terminal() {
    let table = format("table").unwrap();
    for width in [74, 80, 120, 200] {
        let options = RenderOptions { width: Some(width), ..RenderOptions::default() };
        let text = rendered(table, &sample::rich(), options);
        compare("table", &format!("rich-{width}"), &text);
        for line in text.lines() {
            assert!(unicode_width(line) <= width, "wider than {width}: {line}");
        }
        let colour = rendered(table, &sample::rich(), RenderOptions { colour: true, ..options });
        assert_eq!(without_colour(&colour), text, "colour says something of its own");
        let sbom = RenderOptions { sbom_only: true, ..options };
        compare("table", &format!("sbom-{width}"), &rendered(table, &sample::rich(), sbom));
    }
}

fn unicode_width(line: &str) -> usize {
    // Everything in the samples is one column wide.
    line.chars().count()
}

fn without_colour(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("\u{1b}[") {
        out.push_str(&rest[..start]);
        let code = &rest[start + 2..];
        let end = code.find('m').expect("a colour ends");
        assert!(code[..end].bytes().all(|b| b.is_ascii_digit() || b == b';'), "not a colour: {}", &code[..end]);
        rest = &code[end + 1..];
    }
    out.push_str(rest);
    out
}

#[test]
fn the_diff_is_as_it_was() {
    let (old, new) = (sample::rich(), sample::next());
    let diff = ReportDiff::between(&old, &new);
    assert_eq!(diff.new_findings.len(), 1);
    assert_eq!(diff.gone_findings.len(), 1);
    assert!(ReportDiff::between(&old, &old).is_empty());
    let write = |write: &dyn Fn(&mut Vec<u8>)| {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    };
    let options = RenderOptions { width: Some(100), ..RenderOptions::default() };
    let text = write(&|out| diff.write_table(&options, out).unwrap());
    let json = write(&|out| diff.write_json(out).unwrap());
    let markdown = write(&|out| diff.write_markdown(out).unwrap());
    for text in [&text, &json, &markdown] {
        assert!(!text.contains("secret-value"), "the value of a variable got out");
    }
    compare("diff", "table", &text);
    compare("diff", "json", &json);
    compare("diff", "markdown", &markdown);
    serde_json::from_str::<serde_json::Value>(&json).unwrap();
}

#[test]
fn rendering_twice_gives_the_same_bytes() {
    for format in FORMATS {
        let render = || rendered(*format, &sample::rich(), RenderOptions::default());
        assert!(render() == render(), "{}", format.id());
    }
}

#[test]
fn ids_are_unique_and_every_format_says_what_it_is() {
    let mut ids: Vec<&str> = FORMATS.iter().map(|f| f.id()).collect();
    for format in FORMATS {
        assert!(format.id().bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", format.id());
        assert!(!format.about().is_empty() && !format.media_type().is_empty() && !format.file_extension().is_empty());
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), FORMATS.len());
    assert!(format("nothing").is_none());
}

#[test]
fn every_visible_finding_is_there_in_the_order_of_the_report() {
    let report = sample::large(300);
    for id in ["table", "json", "cyclonedx-json", "cyclonedx-xml", "openvex", "gitlab", "html", "junit"] {
        let text = plain(id, &report);
        let mut places = Vec::new();
        for finding in &report.findings {
            let place = text.find(finding.id.as_str());
            assert!(place.is_some(), "{} is missing in {id}", finding.id);
            places.extend(place);
        }
        // Those that group keep the order within a group only.
        if !matches!(id, "table" | "junit") {
            assert!(places.is_sorted(), "{id} re-ranks");
        }
    }
    let sarif: serde_json::Value = serde_json::from_str(&plain("sarif", &report)).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let ids: Vec<&str> = results.iter().map(|r| r["ruleId"].as_str().unwrap()).collect();
    assert_eq!(ids, report.findings.iter().map(|f| f.id.as_str()).collect::<Vec<_>>());
}

#[test]
fn what_does_not_count_is_still_told() {
    let report = sample::rich();
    for (id, word) in [
        ("table", "1 in kernel headers"),
        ("markdown", "1 in kernel headers"),
        ("gitlab", "1 in kernel headers"),
        ("html", "1 in kernel headers"),
        ("junit", "CVE-2024-35000"),
        ("sarif", "CVE-2024-35000"),
        ("json", "CVE-2024-35000"),
        ("cyclonedx-json", "CVE-2024-35000"),
        ("openvex", "CVE-2024-35000"),
    ] {
        assert!(plain(id, &report).contains(word), "{id}");
    }
    // An unknown never looks like nothing.
    for format in FORMATS.iter().filter(|f| f.id() != "openvex") {
        let text = plain(format.id(), &report);
        let told = text.contains("512 MB") || text.contains("and 3 more");
        assert!(told, "{} hides an unknown", format.id());
    }
}

#[test]
fn without_a_database_nothing_is_called_clean() {
    let mut report = sample::empty();
    report.database = None;
    let (kind, part, why) = (FindingKind::Vulnerability, None, WhyNot::NoDatabase);
    report.not_looked_for.insert(0, NotLookedFor { kind, part, why });
    for id in ["table", "markdown", "html"] {
        let text = plain(id, &report);
        assert!(
            text.contains("no advisory database") && text.contains("INCOMPLETE") && !text.contains("ALLOW"),
            "{id}"
        );
    }
    for id in ["table", "markdown", "html", "gitlab", "sarif", "junit"] {
        let text = plain(id, &report).to_lowercase().replace('\\', "");
        assert!(text.contains("not looked for: vulnerabilities (no advisory database); secrets, licences"), "{id}");
    }
    for (id, word) in [("json", "\"complete\": false"), ("cyclonedx-json", "notLookedFor:no-database")] {
        assert!(plain(id, &report).contains(word), "{id}");
    }
}

#[test]
fn no_terminal_escape_and_no_direction_override_gets_through() {
    for format in FORMATS {
        for report in [sample::rich(), sample::everything()] {
            for sbom_only in [false, true] {
                let text = rendered(*format, &report, RenderOptions { sbom_only, ..RenderOptions::default() });
                let bad =
                    text.chars().find(|c| (c.is_control() && *c != '\n') || ('\u{202a}'..='\u{202e}').contains(c));
                assert_eq!(bad, None, "{}", format.id());
            }
        }
    }
}

#[test]
fn no_markup_of_others_gets_through() {
    let report = sample::everything();
    let html = plain("html", &report);
    for bad in ["<script>alert", "<img", "javascript:", "onload=alert(1)\"", "<b>"] {
        assert!(!html.contains(&format!("{bad}>")) && !html.contains(&format!("href=\"{bad}")), "{bad}");
    }
    assert_eq!(html.matches("<script>").count(), 1);
    assert!(!html.contains("src=\"") && !html.contains(" style=\""));
    assert!(html.contains("default-src 'none'"));
    let markdown = plain("markdown", &report);
    // What stands in a code span is no markup.
    let prose: String = markdown.split('`').step_by(2).collect();
    for bad in ["<script>", "<img", "<b>", "@everyone", "@admin", "](javascript"] {
        assert!(!prose.contains(bad), "{bad}");
    }
}

#[test]
fn xml_is_well_formed() {
    for id in ["cyclonedx-xml", "junit"] {
        for report in [sample::rich(), sample::everything(), sample::empty()] {
            let text = plain(id, &report);
            let mut reader = quick_xml::Reader::from_str(&text);
            reader.config_mut().check_end_names = true;
            loop {
                match reader.read_event().unwrap() {
                    quick_xml::events::Event::Eof => break,
                    _ => continue,
                }
            }
        }
    }
}
