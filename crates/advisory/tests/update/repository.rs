//! Amazon Linux: a list of mirrors leads to a repository, whose index leads to the advisories.

use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use flate2::Compression;
use flate2::write::GzEncoder;
use seawall_advisory::{Database, FeedLimits, Publisher, UpdateOutcome as Outcome, build_from_folder, publishers};
use sha2::{Digest as _, Sha256};

use super::server::{Request, Server, Step, head, serve, status, whole};
use super::{failed, run};

const UPDATEINFO: &str = "amazon-2023-updateinfo.xml.gz";

/// What a list of mirrors says, whatever it is asked for: the repository of the release that is the latest now.
pub(super) fn mirror_list(path: &str) -> String {
    let core = path.replace("/core/mirrors/latest/", "/core/guids/").replace("/latest/", "/2.0/");
    let folder = core.trim_start_matches("/cdn.amazonlinux.com/").trim_end_matches("mirror.list");
    format!("https://cdn.amazonlinux.com/{folder}0ab1\n")
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// Advisories of so many packages.
fn updateinfo(packages: usize) -> Vec<u8> {
    let of = |n| {
        format!(
            "<update type=\"security\"><id>ALAS2023-2024-{n:03}</id><severity>important</severity><pkglist>\
             <collection short=\"amazonlinux\"><package name=\"p{n}\" epoch=\"0\" version=\"1.{n}\" \
             release=\"1.amzn2023\" arch=\"x86_64\"/></collection></pkglist></update>"
        )
    };
    gzip(&format!("<updates>{}</updates>", (1..=packages).map(of).collect::<String>()))
}

fn index(digest: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><repomd xmlns=\"http://linux.duke.edu/metadata/repo\">\
         <data type=\"primary\"><checksum type=\"sha256\">00</checksum><location href=\"repodata/primary.xml.gz\"/></data>\
         <data type=\"updateinfo\"><checksum type=\"sha256\">{digest}</checksum>\
         <open-checksum type=\"sha256\">00</open-checksum><location href=\"repodata/updateinfo.xml.gz\"/></data></repomd>"
    )
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The site, laid out as the publisher's is: what the list, the index and the file say is asked of `site` with the
/// path's last part.
fn amazon(site: impl Fn(&str, &Request) -> Vec<Step> + Send + Sync + 'static) -> (Server, Publisher) {
    let server = serve(move |request| match request.path.strip_prefix("/cdn.amazonlinux.com/al2023/") {
        Some(path) => site(path, request),
        None => status("404 Not Found", ""),
    });
    let mut amazon = publishers(Some(&server.address)).into_iter().find(|p| p.id == "amazon").unwrap();
    amazon.files.retain(|file| file.name == UPDATEINFO);
    (server, amazon)
}

fn one(folder: &Path, publisher: &Publisher) -> Outcome {
    run(folder, std::slice::from_ref(publisher)).0.files.remove(0).outcome
}

#[test]
fn the_advisories_of_the_latest_release_are_fetched_when_they_changed() {
    // Releases 0 and 1 carry the same advisories, 2 others.
    let release = Arc::new(AtomicUsize::new(0));
    let now = Arc::clone(&release);
    let (server, amazon) = amazon(move |path, _| {
        let release = now.load(Ordering::Relaxed);
        let body = updateinfo(if release < 2 { 40 } else { 41 });
        match path.replace(&format!("core/guids/0ab{release}/x86_64/repodata/"), "").as_str() {
            "core/mirrors/latest/x86_64/mirror.list" => {
                let line = format!("https://cdn.amazonlinux.com/al2023/core/guids/0ab{release}/x86_64/\n");
                whole("", line.as_bytes())
            }
            "repomd.xml" => whole("", index(&digest(&body)).as_bytes()),
            "updateinfo.xml.gz" => whole("ETag: \"v1\"\r\n", &body),
            _ => status("404 Not Found", ""),
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let bytes = |packages| updateinfo(packages).len() as u64;
    for (latest, outcome, transfers) in [
        (0, Outcome::Updated { bytes: bytes(40), resumed: 0 }, 1),
        (0, Outcome::Unchanged, 1),
        (1, Outcome::Unchanged, 1),
        (2, Outcome::Updated { bytes: bytes(41), resumed: 0 }, 2),
    ] {
        release.store(latest, Ordering::Relaxed);
        assert_eq!(one(folder.path(), &amazon), outcome, "release {latest}");
        let asked = server.seen.lock().unwrap().iter().filter(|path| path.ends_with("updateinfo.xml.gz")).count();
        assert_eq!(asked, transfers, "release {latest}");
    }
    // What was fetched is what a database is made of.
    let file = folder.path().join("advisories.db");
    let report = build_from_folder(folder.path(), &file, &FeedLimits::default()).unwrap();
    assert_eq!((report.info.counts.advisories, report.info.feeds[0].id.as_str()), (41, "amazon-updateinfo"));
    let database = Database::open(&file).unwrap();
    assert_eq!(database.affected("amazon:2023", "p41").count(), 1);
}

#[test]
fn a_cut_transfer_of_advisories_goes_on_where_it_stopped() {
    let body = updateinfo(500);
    let length = body.len();
    let (_server, amazon) = amazon(move |path, request| match (path, request.header("range")) {
        (path, _) if path.ends_with("mirror.list") => whole("", mirror_list(&request.path).as_bytes()),
        (path, _) if path.ends_with("repomd.xml") => whole("", index(&digest(&body)).as_bytes()),
        (_, None) => vec![
            Step::Send(head("200 OK", &format!("Content-Length: {length}\r\nETag: \"v1\"\r\n"))),
            Step::Send(body[..length / 2].to_vec()),
        ],
        (_, Some(range)) => {
            let from: usize = range.trim_start_matches("bytes=").trim_end_matches('-').parse().unwrap();
            let range = format!("Content-Range: bytes {from}-{}/{length}\r\n", length - 1);
            let head = head("206 Partial Content", &format!("Content-Length: {}\r\n{range}", length - from));
            vec![Step::Send(head), Step::Send(body[from..].to_vec())]
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let resumed = length as u64 / 2;
    assert_eq!(one(folder.path(), &amazon), Outcome::Updated { bytes: length as u64, resumed });
}

#[test]
fn what_the_index_does_not_vouch_for_never_replaces_the_file() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(UPDATEINFO), "old").unwrap();
    let (_server, amazon) = amazon(|path, request| match path {
        path if path.ends_with("mirror.list") => whole("", mirror_list(&request.path).as_bytes()),
        path if path.ends_with("repomd.xml") => whole("", index(&digest(b"other")).as_bytes()),
        _ => whole("", &updateinfo(1)),
    });
    let outcome = one(folder.path(), &amazon);
    assert!(failed(&outcome).contains("where the publisher states sha256:"), "{outcome:?}");
    assert!(matches!(outcome, Outcome::Failed { kept: true, .. }));
    assert_eq!(seawall_io::read_bounded(&folder.path().join(UPDATEINFO), 100).unwrap(), b"old");
}

#[test]
fn lists_and_indexes_that_lead_elsewhere_are_not_followed() {
    let good = "https://cdn.amazonlinux.com/al2023/core/guids/0ab1/x86_64/\n";
    let elsewhere = index("00").replace("repodata/updateinfo.xml.gz", "http://127.0.0.1/x.gz");
    let huge = format!("{}{}", index("00"), " ".repeat(2 << 20));
    for (list, index, reason) in [
        ("https://other.example.com/al2023/\n", index("00"), "no repository on the publisher's own host"),
        ("", index("00"), "no repository"),
        (good, elsewhere, "the repository's index names `http://127.0.0.1/x.gz`"),
        (good, "<repomd><data".to_owned(), "the repository's index: "),
        (good, "<repomd/>".to_owned(), "names no advisories"),
        (good, huge, "limit"),
    ] {
        let (server, amazon) = amazon(move |path, _| match path {
            path if path.ends_with("mirror.list") => whole("", list.as_bytes()),
            path if path.ends_with("repomd.xml") => whole("", index.as_bytes()),
            _ => whole("", &updateinfo(1)),
        });
        let outcome = one(tempfile::tempdir().unwrap().path(), &amazon);
        assert!(failed(&outcome).contains(reason), "{reason}: {outcome:?}");
        assert!(!server.seen.lock().unwrap().iter().any(|path| path.ends_with(".gz")), "{reason}");
    }
}

#[test]
fn a_repository_that_is_down_is_asked_again_and_stops_nobody() {
    let asked = Arc::new(Mutex::new(0));
    let count = Arc::clone(&asked);
    let (_server, amazon) = amazon(move |path, request| match path {
        path if path.ends_with("mirror.list") => whole("", mirror_list(&request.path).as_bytes()),
        _ => {
            *count.lock().unwrap() += 1;
            status("503 Service Unavailable", "")
        }
    });
    let other = serve(|_| whole("", b"{}"));
    let folder = tempfile::tempdir().unwrap();
    let (report, waits) = run(folder.path(), &[amazon, super::publisher("feed", &other.address)]);
    assert_eq!(report.failed().map(|file| file.publisher.as_str()).collect::<Vec<_>>(), ["amazon"]);
    assert!(report.changed());
    assert_eq!((*asked.lock().unwrap(), waits.len()), (4, 3));
}
