//! Updating against a loopback server that does what publishers' sites do, and what they should not do.

mod changes;
mod repository;
mod server;

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use seawall_advisory::{
    Publisher, RemoteFile, UpdateContext, UpdateError, UpdateOutcome as Outcome, UpdateReport, UpdateSettings, Way,
    publishers, source_of, update,
};
use seawall_io::{HttpClient, HttpProxy, HttpSettings};

use repository::mirror_list;
use server::{Server, Step, head, serve, status, whole};

fn client() -> HttpClient {
    HttpClient::new(HttpSettings { proxy: HttpProxy::None, ..HttpSettings::default() }).unwrap()
}

/// What it is told by one that soon has enough.
fn impatient(folder: &Path, server: &Server) -> Outcome {
    let stall_timeout = Duration::from_millis(700);
    let client = HttpSettings { proxy: HttpProxy::None, stall_timeout, ..HttpSettings::default() };
    let context = UpdateContext { client: &HttpClient::new(client).unwrap(), sleep: &|_| (), now: "" };
    let publishers = [publisher("feed", &server.address)];
    update(folder, &publishers, &UpdateSettings::default(), &context).unwrap().files.remove(0).outcome
}

fn publisher(id: &str, base: &str) -> Publisher {
    Publisher {
        id: id.into(),
        base: base.into(),
        files: vec![RemoteFile {
            path: format!("feeds/{id}.json"),
            way: Way::Direct,
            name: format!("{id}.json"),
            limit: 100_000,
        }],
        changes: None,
    }
}

/// Updates and gives the report and the waits.
fn run(folder: &Path, publishers: &[Publisher]) -> (UpdateReport, Vec<Duration>) {
    let waits = Mutex::default();
    let sleep = |wait: Duration| {
        Mutex::lock(&waits).map(|mut waits: std::sync::MutexGuard<'_, Vec<_>>| waits.push(wait)).unwrap()
    };
    let context = UpdateContext { client: &client(), sleep: &sleep, now: "2024-06-01T00:00:00Z" };
    let report = update(folder, publishers, &UpdateSettings::default(), &context).unwrap();
    (report, waits.into_inner().unwrap())
}

fn one(folder: &Path, server: &Server) -> (Outcome, Vec<Duration>) {
    let (mut report, waits) = run(folder, &[publisher("feed", &server.address)]);
    (report.files.remove(0).outcome, waits)
}

fn content(folder: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(folder.join("feed.json")).ok()?.read_to_end(&mut bytes).unwrap();
    Some(bytes)
}

fn failed(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Failed { reason, .. } => reason,
        other => panic!("expected a failure, not {other:?}"),
    }
}

fn document(length: usize) -> Vec<u8> {
    let mut bytes = b"{\"text\":\"".to_vec();
    bytes.extend((0..length).map(|at| b'a' + u8::try_from(at % 26).unwrap()));
    bytes.extend(b"\"}");
    bytes
}

#[test]
fn what_did_not_change_is_not_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(|request| match request.header("if-none-match") {
        Some("\"v1\"") => status("304 Not Modified", "ETag: \"v1\"\r\n"),
        _ => whole("ETag: \"v1\"\r\n", &document(10)),
    });
    assert_eq!(one(folder.path(), &server).0, Outcome::Updated { bytes: 21, resumed: 0 });
    assert_eq!(one(folder.path(), &server).0, Outcome::Unchanged);
    // A file that was changed behind our back is fetched again.
    fs::write(folder.path().join("feed.json"), "{\"text\":\"zzzzzzzzzz\"}").unwrap();
    assert_eq!(one(folder.path(), &server).0, Outcome::Updated { bytes: 21, resumed: 0 });
    assert_eq!(content(folder.path()), Some(document(10)));
}

#[test]
fn a_cut_transfer_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let body = document(50_000);
    let server = serve(move |request| {
        let length = body.len();
        match (request.before, request.header("range")) {
            (0, None) => vec![
                Step::Send(head("200 OK", &format!("Content-Length: {length}\r\nETag: \"v1\"\r\n"))),
                Step::Send(body[..20_000].to_vec()),
            ],
            (_, Some(range)) => {
                assert_eq!(request.header("if-range"), Some("\"v1\""));
                let from: usize = range.trim_start_matches("bytes=").trim_end_matches('-').parse().unwrap();
                let range = format!("Content-Range: bytes {from}-{}/{length}\r\n", length - 1);
                let head = head("206 Partial Content", &format!("Content-Length: {}\r\n{range}", length - from));
                vec![Step::Send(head), Step::Send(body[from..].to_vec())]
            }
            _ => status("500 Internal Server Error", ""),
        }
    });
    let (outcome, waits) = one(folder.path(), &server);
    assert_eq!(outcome, Outcome::Updated { bytes: 50_011, resumed: 20_000 });
    assert_eq!(waits.len(), 1);
    assert_eq!(content(folder.path()), Some(document(50_000)));
}

#[test]
fn a_file_that_changed_during_the_pause_is_fetched_from_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(|request| match request.before {
        0 => vec![Step::Send(head("200 OK", "Content-Length: 5000\r\nETag: \"v1\"\r\n")), Step::Send(document(1000))],
        // If-Range does not match any more: the whole new file.
        _ => whole("ETag: \"v2\"\r\n", &document(2000)),
    });
    assert_eq!(one(folder.path(), &server).0, Outcome::Updated { bytes: 2011, resumed: 0 });
    assert_eq!(content(folder.path()), Some(document(2000)));
}

#[test]
fn without_a_validator_nothing_is_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(|request| match (request.before, request.header("range")) {
        (_, Some(_)) => status("500 Internal Server Error", ""),
        (0, _) => vec![Step::Send(head("200 OK", "Content-Length: 5000\r\n")), Step::Send(document(1000))],
        _ => whole("", &document(4989)),
    });
    assert_eq!(one(folder.path(), &server).0, Outcome::Updated { bytes: 5000, resumed: 0 });
}

#[test]
fn a_wrong_length_never_replaces_the_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("feed.json"), "{}").unwrap();
    let server = serve(|_| vec![Step::Send(head("200 OK", "Content-Length: 5000\r\n")), Step::Send(document(1000))]);
    let (outcome, waits) = one(folder.path(), &server);
    assert!(matches!(outcome, Outcome::Failed { kept: true, .. }), "{outcome:?}");
    assert_eq!(waits.len(), 3);
    assert_eq!(content(folder.path()), Some(b"{}".to_vec()));
}

#[test]
fn parts_that_do_not_make_up_the_whole_are_thrown_away() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(|request| match (request.before, request.header("range")) {
        (0, None) => {
            vec![Step::Send(head("200 OK", "Content-Length: 5000\r\nETag: \"v1\"\r\n")), Step::Send(document(1000))]
        }
        (_, Some(_)) => vec![
            Step::Send(head("206 Partial Content", "Content-Length: 5\r\nContent-Range: bytes 1011-1015/5000\r\n")),
            Step::Send(b"xxxxx".to_vec()),
        ],
        _ => whole("ETag: \"v1\"\r\n", &document(4989)),
    });
    assert_eq!(one(folder.path(), &server).0, Outcome::Updated { bytes: 5000, resumed: 0 });
    assert_eq!(content(folder.path()), Some(document(4989)));
}

#[test]
fn a_server_that_stalls_is_left_after_a_while() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(|_| vec![Step::Send(head("200 OK", "Content-Length: 5000\r\n")), Step::Wait(60_000)]);
    assert!(failed(&impatient(folder.path(), &server)).contains("stalled"));
}

#[test]
fn a_server_that_dribbles_is_left_after_a_while() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(|_| {
        let mut steps = vec![Step::Send(head("200 OK", "Content-Length: 5000\r\n"))];
        for _ in 0..200 {
            steps.extend([Step::Send(b"{".to_vec()), Step::Wait(50)]);
        }
        steps
    });
    assert!(failed(&impatient(folder.path(), &server)).contains("too slowly"));
}

#[test]
fn redirects_are_followed_but_not_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let other = serve(|_| whole("", &document(10)));
    let target = format!("Location: {}/elsewhere?signature=1\r\n", other.address);
    let server = serve(move |_| status("302 Found", &target));
    assert!(matches!(one(folder.path(), &server).0, Outcome::Updated { .. }));
    assert_eq!(*other.seen.lock().unwrap(), ["/elsewhere?signature=1"]);

    let circle = serve(|_| status("302 Found", "Location: /feeds/feed.json\r\n"));
    assert!(failed(&one(folder.path(), &circle).0).contains("more than 5 redirects"));
    let plain = serve(|_| status("302 Found", "Location: http://feeds.example/feed.json\r\n"));
    assert!(failed(&one(folder.path(), &plain).0).contains("is not followed"));
    assert_eq!(content(folder.path()), Some(document(10)));
}

#[test]
fn a_busy_publisher_is_asked_again_when_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(|request| match request.before {
        0 => status("429 Too Many Requests", "Retry-After: 7\r\n"),
        1 => status("503 Service Unavailable", ""),
        _ => whole("", &document(10)),
    });
    let (outcome, waits) = one(folder.path(), &server);
    assert!(matches!(outcome, Outcome::Updated { .. }), "{outcome:?}");
    assert_eq!(waits[0], Duration::from_secs(7));
    assert!(waits[1] >= Duration::from_secs(2) && waits[1] <= Duration::from_secs(4), "{waits:?}");

    let patient = serve(|_| status("429 Too Many Requests", "Retry-After: 3600\r\n"));
    let (outcome, waits) = one(folder.path(), &patient);
    assert!(failed(&outcome).contains("3600 s of patience"));
    assert!(waits.is_empty());
}

#[test]
fn waits_grow_and_end() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(|_| status("500 Internal Server Error", ""));
    let (outcome, waits) = one(folder.path(), &server);
    assert!(failed(&outcome).contains("gave up after 4 attempts"));
    assert_eq!(waits.len(), 3);
    assert!(waits.is_sorted() && waits[2] <= Duration::from_secs(8), "{waits:?}");
    assert_eq!(waits, one(folder.path(), &server).1, "the same seed gives the same waits");

    let missing = serve(|_| status("404 Not Found", ""));
    assert!(one(folder.path(), &missing).1.is_empty(), "asking again for what is not there");
}

#[test]
fn a_body_beyond_the_limit_is_not_kept() {
    for stated in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let server = serve(move |_| {
            let length = if stated { "Content-Length: 200000\r\n" } else { "" };
            vec![Step::Send(head("200 OK", length)), Step::Send(document(199_989))]
        });
        let (outcome, waits) = one(folder.path(), &server);
        assert!(failed(&outcome).contains("larger than the limit"), "{outcome:?}");
        assert!(waits.is_empty());
        let left: Vec<_> = fs::read_dir(folder.path().join(".seawall-update"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, ["lock"]);
    }
}

#[test]
fn an_error_page_never_replaces_a_feed() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("feed.json"), "{}").unwrap();
    let server = serve(|_| whole("", b"<html>we are moving</html>"));
    assert!(failed(&one(folder.path(), &server).0).contains("is not what `feed.json` should be"));
    assert_eq!(content(folder.path()), Some(b"{}".to_vec()));
}

#[test]
fn one_publisher_that_is_down_does_not_stop_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(|_| whole("", &document(10)));
    // Nobody else listens on this host's ports.
    let gone = {
        let listener = TcpListener::bind("127.0.0.9:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let all = [publisher("a", &server.address), publisher("b", &gone), publisher("c", &server.address)];
    let (report, _) = run(folder.path(), &all);
    assert!(report.changed());
    assert_eq!(report.failed().map(|file| file.publisher.as_str()).collect::<Vec<_>>(), ["b"]);
    assert_eq!(report.files.iter().map(|file| file.file.as_str()).collect::<Vec<_>>(), ["a.json", "b.json", "c.json"]);
}

#[test]
fn a_pointer_names_the_file_and_nothing_else() {
    let server = serve(|request| match request.path.as_str() {
        "/feeds/latest.txt" => whole("", b"feed_2024-06-01.json\n"),
        "/feeds/feed_2024-06-01.json" => whole("", &document(10)),
        "/feeds/bad.txt" => whole("", b"../../secret"),
        _ => status("404 Not Found", ""),
    });
    for (path, good) in [("feeds/latest.txt", true), ("feeds/bad.txt", false)] {
        let folder = tempfile::tempdir().unwrap();
        let mut publisher = publisher("feed", &server.address);
        publisher.files[0].path = path.into();
        publisher.files[0].way = Way::Named;
        let (report, _) = run(folder.path(), &[publisher]);
        assert_eq!(report.changed(), good, "{report:?}");
    }
    assert!(server.seen.lock().unwrap().iter().all(|path| !path.contains("secret")));
}

#[test]
fn offline_asks_nobody_and_touches_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(|_| whole("", &document(10)));
    let context = UpdateContext { client: &client(), sleep: &|_| (), now: "2024-06-01T00:00:00Z" };
    let settings = UpdateSettings { offline: true, ..UpdateSettings::default() };
    let report = update(folder.path(), &[publisher("feed", &server.address)], &settings, &context).unwrap();
    assert!(matches!(report.files[0].outcome, Outcome::Skipped { .. }));
    assert!(server.seen.lock().unwrap().is_empty());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn two_updates_do_not_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(".seawall-update")).unwrap();
    let lock = fs::File::create(folder.path().join(".seawall-update/lock")).unwrap();
    lock.try_lock().unwrap();
    let context = UpdateContext { client: &client(), sleep: &|_| (), now: "" };
    let result = update(folder.path(), &[], &UpdateSettings::default(), &context);
    assert!(matches!(result, Err(UpdateError::Busy { .. })));
}

/// The whole table, against a server laid out as the publishers' sites are, host by host.
#[test]
fn every_publisher_is_asked_where_its_files_lie() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(|request| {
        let body: &[u8] = match request.path.rsplit('/').next().unwrap_or_default() {
            "changes.csv" => b"\"2024/cve-2024-1.json\",\"2024-06-02T00:00:00+00:00\"\n",
            "archive_latest.txt" => b"csaf_vex_2024-06-01.tar.zst",
            "mirror.list" => return whole("", mirror_list(&request.path).as_bytes()),
            "repomd.xml" => {
                b"<repomd><data type=\"updateinfo\"><location href=\"repodata/updateinfo.xml.gz\"/></data></repomd>"
            }
            name if name.ends_with(".zst") => b"\x28\xb5\x2f\xfd....",
            name if name.ends_with(".xz") => b"\xfd7zXZ\0....",
            name if name.ends_with(".zip") => b"PK\x05\x06....",
            name if name.ends_with(".gz") || request.path.contains("/tar.gz/") => b"\x1f\x8b....",
            name if name.ends_with(".xml") => b"<?xml version=\"1.0\"?>",
            _ => b"{}",
        };
        whole("", body)
    });
    let all = publishers(Some(&server.address));
    let (report, _) = run(folder.path(), &all);
    let bad: Vec<_> = report.failed().collect();
    assert!(bad.is_empty(), "{bad:?}");
    let mut names: Vec<_> = report.files.iter().map(|file| &file.file).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), report.files.len(), "two files of one name");
    for publisher in publishers(None) {
        for file in &publisher.files {
            let folder = file.name.split('/').next().unwrap_or_default();
            let known = source_of(&file.name).or_else(|| source_of(folder));
            assert!(known.is_some(), "no source knows {}", file.name);
        }
        if let Some(changes) = &publisher.changes {
            assert!(publisher.files.iter().any(|file| file.name == changes.archive));
            assert_eq!(source_of(&changes.folder).map(|s| s.id()), source_of(&changes.archive).map(|s| s.id()));
        }
        assert!(publisher.base.starts_with("https://"), "{}", publisher.base);
    }
}
