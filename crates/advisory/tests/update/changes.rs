//! Red Hat: an archive of all documents, and a list of those that changed since it was packed.

use std::path::Path;
use std::sync::{Arc, Mutex};

use seawall_advisory::{Database, FeedLimits, Publisher, UpdateOutcome as Outcome, build_from_folder, publishers};
use seawall_testkit::TarBuilder;

use super::failed;
use super::run;
use super::server::{Server, Step, serve, status, whole};

/// Of which day the archive is, and which documents changed when. A document says `fix` of its package.
#[derive(Clone, Default)]
struct Site {
    packed: &'static str,
    changed: Vec<(&'static str, &'static str, &'static str)>,
    down: bool,
}

fn document(cve: &str, fix: &str) -> String {
    format!(
        r#"{{"document":{{"tracking":{{"id":"{cve}"}}}},"product_tree":{{"branches":[
        {{"product":{{"product_id":"el9","product_identification_helper":{{"cpe":"cpe:/o:redhat:enterprise_linux:9"}}}}}},
        {{"product":{{"product_id":"p","product_identification_helper":{{"purl":"pkg:rpm/redhat/p@{fix}?arch=src"}}}}}}],
        "relationships":[{{"full_product_name":{{"product_id":"el9:p"}},"product_reference":"p",
        "relates_to_product_reference":"el9"}}]}},"vulnerabilities":[{{"cve":"{cve}","product_status":{{"fixed":["el9:p"]}}}}]}}"#
    )
}

fn redhat(site: &Arc<Mutex<Site>>) -> (Server, Publisher) {
    let site = Arc::clone(site);
    let server = serve(move |request| {
        let site = site.lock().unwrap().clone();
        let Some(path) = request.path.strip_prefix("/security.access.redhat.com/data/csaf/v2/vex/") else {
            return status("404 Not Found", "");
        };
        answer(&site, path)
    });
    let redhat = publishers(Some(&server.address)).into_iter().find(|p| p.id == "redhat").unwrap();
    (server, redhat)
}

fn answer(site: &Site, path: &str) -> Vec<Step> {
    let cve = |path: &str| path.rsplit('/').next().unwrap().trim_end_matches(".json").to_uppercase();
    match path {
        "archive_latest.txt" => whole("", format!("csaf_vex_{}.tar.zst\n", site.packed).as_bytes()),
        "changes.csv" => {
            let line = |(path, at, _): &(&str, &str, &str)| format!("\"{path}\",\"{at}\"\n");
            whole("", site.changed.iter().map(line).collect::<String>().as_bytes())
        }
        path if path.ends_with(".tar.zst") => {
            let tar = ["2024/cve-2024-0001.json", "2024/cve-2024-0002.json"]
                .iter()
                .fold(TarBuilder::new(), |tar, path| tar.file(path, document(&cve(path), "1-1").as_bytes()));
            whole(
                "",
                &ruzstd::encoding::compress_to_vec(&tar.finish()[..], ruzstd::encoding::CompressionLevel::Fastest),
            )
        }
        _ if site.down => status("404 Not Found", ""),
        path => match site.changed.iter().find(|(changed, ..)| *changed == path) {
            Some((_, _, fix)) => whole("ETag: \"v1\"\r\n", document(&cve(path), fix).as_bytes()),
            None => status("404 Not Found", ""),
        },
    }
}

fn changes(folder: &Path, redhat: &Publisher) -> Outcome {
    let (report, _) = run(folder, std::slice::from_ref(redhat));
    report.files.into_iter().find(|file| file.file == "redhat-csaf-changes").unwrap().outcome
}

/// The fixed versions of package `p`, one for each CVE.
fn fixes(folder: &Path) -> Vec<String> {
    let file = folder.join("advisories.db");
    build_from_folder(folder, &file, &FeedLimits::default()).unwrap();
    let database = Database::open(&file).unwrap();
    let mut fixes: Vec<_> = database
        .affected("redhat:9", "p")
        .map(|row| {
            let row = row.unwrap();
            let id = database.advisory(row.advisory).unwrap().id;
            format!("{id} {:?}", row.to_affected("redhat:9", "p").ranges)
        })
        .map(|text| text.replace("[Versions(VersionRange { introduced: None, fixed: Some(\"", ""))
        .map(|text| text.replace("\"), last_affected: None })]", ""))
        .collect();
    fixes.sort();
    fixes
}

#[test]
fn documents_that_changed_since_the_archive_replace_those_in_it() {
    let site = Arc::new(Mutex::new(Site { packed: "2024-05-20", ..Site::default() }));
    site.lock().unwrap().changed = vec![
        ("2024/cve-2024-0003.json", "2024-05-22T08:00:00+00:00", "3-1"),
        ("2024/cve-2024-0002.json", "2024-05-21T08:00:00+00:00", "2-2"),
        ("2024/cve-2024-0001.json", "2024-05-19T08:00:00+00:00", "9-9"),
        ("../../etc/passwd.json", "2024-05-22T08:00:00+00:00", "9-9"),
    ];
    let folder = tempfile::tempdir().unwrap();
    let (server, redhat) = redhat(&site);
    assert!(matches!(changes(folder.path(), &redhat), Outcome::Updated { .. }));
    assert_eq!(fixes(folder.path()), ["CVE-2024-0001 1-1", "CVE-2024-0002 2-2", "CVE-2024-0003 3-1"]);
    let documents = || server.seen.lock().unwrap().iter().filter(|path| path.ends_with(".json")).count();
    assert_eq!(documents(), 2);

    // What was fetched after its change is not asked for again.
    assert_eq!(changes(folder.path(), &redhat), Outcome::Unchanged);
    assert_eq!(documents(), 2);

    // The next archive has caught up.
    site.lock().unwrap().packed = "2024-05-23";
    assert_eq!(changes(folder.path(), &redhat), Outcome::Unchanged);
    assert_eq!(fixes(folder.path()), ["CVE-2024-0001 1-1", "CVE-2024-0002 1-1"]);
}

#[test]
fn a_document_that_does_not_come_leaves_the_archives_word() {
    let site = Arc::new(Mutex::new(Site { packed: "2024-05-20", down: true, ..Site::default() }));
    site.lock().unwrap().changed = vec![("2024/cve-2024-0002.json", "2024-05-21T08:00:00+00:00", "2-2")];
    let folder = tempfile::tempdir().unwrap();
    let (_server, redhat) = redhat(&site);
    let outcome = changes(folder.path(), &redhat);
    assert!(failed(&outcome).starts_with("1 of 1 documents that changed: "), "{outcome:?}");
    assert_eq!(fixes(folder.path()), ["CVE-2024-0001 1-1", "CVE-2024-0002 1-1"]);
}
