//! Operating-system catalogers on real databases, and on the same bytes broken in every way that is cheap to try.

// Tests read what they wrote or were given, and say on standard error what they skip.
#![allow(clippy::disallowed_methods, clippy::print_stderr)]

#[path = "os/build.rs"]
mod build;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use seawall_inspect::{CATALOGERS, Cataloger, File, MAX_OBSERVATIONS, Observation, Observer};
use seawall_model::{Package, UnknownKind};

/// The folder of shared test material, where there is one.
fn shared() -> Option<PathBuf> {
    let named = std::env::var_os("SEAWALL_SHARED").map(|path| PathBuf::from(path).join("data"));
    let above =
        Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("shared/data")).find(|p| p.is_dir());
    let found = named.filter(|path| path.is_dir()).or(above);
    if found.is_none() {
        eprintln!("SKIPPED: shared data absent");
    }
    found
}

fn unzstd(path: &Path) -> Vec<u8> {
    let file = std::fs::File::open(path).expect("an archive");
    let mut bytes = Vec::new();
    ruzstd::decoding::StreamingDecoder::new(file).expect("zstd").read_to_end(&mut bytes).expect("zstd");
    bytes
}

/// One file of a gzip'd tar.
fn from_tar(archive: &Path, wanted: &str) -> Vec<u8> {
    let mut tar = Vec::new();
    let file = std::fs::File::open(archive).expect("an archive");
    flate2::read::GzDecoder::new(file).read_to_end(&mut tar).expect("gzip");
    let mut at = 0;
    while at + 512 <= tar.len() {
        let text = |from: usize, to: usize| {
            String::from_utf8_lossy(&tar[at + from..at + to]).trim_end_matches(['\0', ' ']).to_owned()
        };
        let size = usize::from_str_radix(text(124, 136).trim(), 8).unwrap_or(0);
        if text(0, 100).trim_start_matches("./") == wanted {
            return tar[at + 512..at + 512 + size].to_vec();
        }
        at += 512 + size.next_multiple_of(512);
    }
    panic!("no {wanted} in {}", archive.display());
}

fn cataloger(id: &str) -> &'static dyn Cataloger {
    *CATALOGERS.iter().find(|c| c.id() == id).expect("a cataloger")
}

fn observe(id: &str, path: &str, bytes: &[u8]) -> Vec<Observation> {
    let cataloger = cataloger(id);
    let mut seen = Observer::new(cataloger.id(), path);
    cataloger.catalog(&File { path, size: bytes.len() as u64, mode: 0o644, content: bytes }, &mut seen);
    seen.into_observations()
}

fn packages(observations: &[Observation]) -> Vec<&Package> {
    observations.iter().filter_map(|o| if let Observation::Package(p) = o { Some(p) } else { None }).collect()
}

fn files<'a>(observations: &'a [Observation], package: &str) -> Vec<&'a str> {
    let found = observations.iter().find_map(|o| match o {
        Observation::Owns { name, files, .. } if name == package => Some(files.iter().collect()),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("{package} owns nothing"))
}

fn unknowns(observations: &[Observation]) -> Vec<(UnknownKind, &str)> {
    let unknown = |o| match o {
        &Observation::Unknown { kind, ref reason, .. } => Some((kind, reason.as_str())),
        _ => None,
    };
    observations.iter().filter_map(unknown).collect()
}

const BERKELEY: (&str, &str) = ("rpm-berkeley-db", "var/lib/rpm/Packages");
const NDB: (&str, &str) = ("rpm-ndb", "usr/lib/sysimage/rpm/Packages.db");
const SQLITE: (&str, &str) = ("rpm-sqlite", "var/lib/rpm/rpmdb.sqlite");
const APK: (&str, &str) = ("alpine-apk", "lib/apk/db/installed");

#[test]
fn alpine_roots_have_their_packages() {
    let Some(shared) = shared() else { return };
    for (version, count, musl) in [
        ("3.10.9", 14, "1.1.22-r4"),
        ("3.15.11", 14, "1.2.2-r9"),
        ("3.18.9", 15, "1.2.4-r2"),
        ("3.20.3", 14, "1.2.5-r0"),
    ] {
        let archive = shared.join(format!("images/alpine-minirootfs-{version}-x86_64.tar.gz"));
        let seen = observe(APK.0, APK.1, &from_tar(&archive, APK.1));
        let packages = packages(&seen);
        assert_eq!(packages.len(), count, "{version}");
        let found = packages.iter().find(|p| p.name == "musl").expect("musl");
        assert_eq!((found.version.as_str(), found.architecture.as_deref()), (musl, Some("x86_64")), "{version}");
        assert!(found.provides.iter().any(|p| p == "so:libc.musl-x86_64.so.1"));
        assert_eq!(found.checksums.first().map_or(0, String::len), "sha1:".len() + 40);
        assert!(files(&seen, "musl").contains(&"lib/ld-musl-x86_64.so.1"));
        assert_eq!(unknowns(&seen), []);
        for (path, states_name) in [("etc/os-release", true), ("etc/alpine-release", false)] {
            let seen = observe("os-release", path, &from_tar(&archive, path));
            let [Observation::OperatingSystem(os)] = seen.as_slice() else { panic!("{version} {path}: {seen:?}") };
            assert_eq!((os.id.as_str(), os.version_id.as_str()), ("alpine", version));
            assert_eq!(os.pretty_name.is_some(), states_name);
        }
    }
}

#[test]
fn a_suse_ndb_has_what_rpm_lists() {
    let Some(shared) = shared() else { return };
    let db = unzstd(&shared.join("rpmdb/sle15-bci-Packages.db.zst"));
    let seen = observe(NDB.0, NDB.1, &db);
    assert_eq!(unknowns(&seen), []);
    let some = |text: &Option<String>| text.clone().unwrap_or_default();
    let mut got: Vec<_> = packages(&seen)
        .iter()
        .map(|p| {
            let source = p.source.as_ref().map(|s| format!("{}-{}", s.name, some(&s.version)));
            // As `source` gives the epoch, which the file name lacks.
            let source = source.map(|s| s.replace("-1:", "-").replace("-2:", "-")).unwrap_or_default();
            (p.name.clone(), p.version.clone(), some(&p.architecture), source)
        })
        .collect();
    got.sort();
    let list = std::fs::read_to_string(shared.join("rpmdb/sle15-bci.tsv")).expect("the list");
    let mut want: Vec<_> = list
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| line.split('\t').collect::<Vec<_>>())
        .filter(|f| f[1] != "gpg-pubkey")
        .map(|f| {
            let version = format!("{}-{}", f[2], f[3]);
            let version = if matches!(f[0], "" | "0" | "(none)") { version } else { format!("{}:{version}", f[0]) };
            let source = f[5].trim_end_matches(".src.rpm").trim_end_matches(".nosrc.rpm");
            (f[1].to_owned(), version, f[4].to_owned(), source.to_owned())
        })
        .collect();
    want.sort();
    assert!(want.len() > 30);
    assert_eq!(got, want);
    assert!(files(&seen, "glibc").iter().any(|f| f.ends_with("/libc.so.6")));
    assert!(packages(&seen).iter().all(|p| p.vendor.as_deref().is_some_and(|v| v.starts_with("SUSE"))));
}

#[test]
fn a_mariner_sqlite_has_its_packages() {
    let Some(shared) = shared() else { return };
    let db = unzstd(&shared.join("rpmdb/cbl-mariner-2.0-rpmdb.sqlite.zst"));
    let seen = observe(SQLITE.0, SQLITE.1, &db);
    assert_eq!(unknowns(&seen), []);
    let packages = packages(&seen);
    assert_eq!(packages.len(), 129);
    let bash = packages.iter().find(|p| p.name == "bash").expect("bash");
    assert!(bash.version.ends_with(".cm2"), "{}", bash.version);
    assert_eq!(bash.vendor.as_deref(), Some("Microsoft Corporation"));
    assert!(files(&seen, "bash").iter().any(|f| f.ends_with("bin/bash")));
    // The paths of a package are files, never the folders that it also lists.
    assert!(!files(&seen, "filesystem").iter().any(|f| *f == "usr" || *f == "etc"));
}

#[test]
fn a_red_hat_berkeley_db_has_its_package() {
    let Some(shared) = shared() else { return };
    let db = unzstd(&shared.join("rpmdb/libuuid-Packages.zst"));
    let seen = observe(BERKELEY.0, BERKELEY.1, &db);
    assert_eq!(unknowns(&seen), []);
    let found = packages(&seen);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].name.as_str(), found[0].version.as_str()), ("libuuid", "2.32.1-42.el8_8"));
    assert_eq!(found[0].architecture.as_deref(), Some("x86_64"));
    assert_eq!(found[0].source.as_ref().map(|s| s.name.as_str()), Some("util-linux"));
    assert!(files(&seen, "libuuid").contains(&"usr/lib64/libuuid.so.1.3.0"));
}

/// Nothing may panic, and nothing may be reported without end.
fn read_broken((id, path): (&str, &str), bytes: &[u8]) {
    let seen = observe(id, path, bytes);
    assert!(seen.len() <= MAX_OBSERVATIONS + 1);
    let owned: usize =
        seen.iter().map(|o| if let Observation::Owns { files, .. } = o { files.iter().count() } else { 0 }).sum();
    assert!(owned <= bytes.len(), "{owned} files from {} bytes", bytes.len());
}

/// Cuts the bytes at `cuts` places, and at `flips` places sets and flips bits.
fn break_everywhere(target: (&str, &str), bytes: &[u8], cuts: usize, flips: usize) {
    for cut in (0..bytes.len()).step_by((bytes.len() / cuts).max(1)) {
        read_broken(target, &bytes[..cut]);
    }
    let mut broken = bytes.to_vec();
    for (round, at) in (0..bytes.len()).step_by((bytes.len() / flips).max(1)).enumerate() {
        let before = broken[at];
        broken[at] = match round % 3 {
            0 => before ^ (1 << (round % 8)),
            1 => 0xff,
            _ => 0,
        };
        read_broken(target, &broken);
        broken[at] = before;
    }
}

#[test]
fn broken_databases_are_unknowns_and_never_panics() {
    let headers = build::packages();
    break_everywhere(NDB, &build::ndb(&headers), 500, 6000);
    for big in [false, true] {
        break_everywhere(BERKELEY, &build::berkeley_db(&headers, big), 500, 6000);
    }
    let sqlite = testdata("rpm-sqlite/two-packages/root/var/lib/rpm/rpmdb.sqlite");
    break_everywhere(SQLITE, &std::fs::read(sqlite).expect("a database"), 500, 6000);
}

#[test]
fn broken_real_databases_are_unknowns_and_never_panics() {
    let Some(shared) = shared() else { return };
    let rpmdb = |name: &str| unzstd(&shared.join("rpmdb").join(name));
    break_everywhere(BERKELEY, &rpmdb("libuuid-Packages.zst"), 40, 2000);
    break_everywhere(NDB, &rpmdb("sle15-bci-Packages.db.zst"), 10, 30);
    break_everywhere(SQLITE, &rpmdb("cbl-mariner-2.0-rpmdb.sqlite.zst"), 5, 20);
    let apk = from_tar(&shared.join("images/alpine-minirootfs-3.20.3-x86_64.tar.gz"), APK.1);
    break_everywhere(APK, &apk, 50, 500);
}

#[test]
fn both_byte_orders_give_the_same() {
    let headers = build::packages();
    let little = observe(BERKELEY.0, BERKELEY.1, &build::berkeley_db(&headers, false));
    assert_eq!(little, observe(BERKELEY.0, BERKELEY.1, &build::berkeley_db(&headers, true)));
    assert_eq!(packages(&little).len(), 2);
}

#[test]
fn records_that_share_their_bytes_are_read_once() {
    // Every slot names the same blob.
    let headers = build::packages();
    let mut db = build::ndb(&headers[..1]);
    let slot = db[32..48].to_vec();
    for at in (48..4096).step_by(16) {
        db[at..at + 16].copy_from_slice(&slot);
    }
    let seen = observe(NDB.0, NDB.1, &db);
    assert!(packages(&seen).len() < 10);
    assert!(unknowns(&seen).iter().any(|(kind, reason)| *kind == UnknownKind::Limit && reason.contains("overlap")));
}

#[test]
fn a_header_that_claims_too_much_takes_nothing() {
    let huge = [0xff_u8; 16];
    let many = build::header(&[(1000, build::Value::Text("a")), (1001, build::Value::Text("1"))]);
    for header in [huge.to_vec(), many, Vec::new(), vec![0; 8]] {
        let seen = observe(NDB.0, NDB.1, &build::ndb(&[header]));
        assert!(packages(&seen).is_empty() && unknowns(&seen).len() == 1, "{seen:?}");
    }
}

#[test]
fn a_package_with_millions_of_names_is_cut() {
    let names = vec![""; (1 << 20) + 1];
    let header = build::header(&[
        (1000, build::Value::Text("a")),
        (1001, build::Value::Text("1")),
        (1002, build::Value::Text("1")),
        (1047, build::Value::Texts(&names)),
    ]);
    let seen = observe(NDB.0, NDB.1, &build::ndb(&[header]));
    assert_eq!(packages(&seen).len(), 1);
    assert!(matches!(unknowns(&seen)[..], [(UnknownKind::Limit, _)]), "{:?}", unknowns(&seen));
    let status = format!("Package: a\nVersion: 1\nDepends: a,\n{}", " b,\n".repeat(20_000));
    let seen = observe("debian-dpkg", "var/lib/dpkg/status", status.as_bytes());
    assert!(matches!(unknowns(&seen)[..], [(UnknownKind::Limit, _)]), "{:?}", unknowns(&seen));
}

fn testdata(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/cataloger").join(path)
}

/// The binary databases of the case folders are made here; `SEAWALL_BLESS=1` writes them anew. Those of `rpm-sqlite` are
/// not: rpm wrote them, for a package made for the purpose, and sqlite3 copied their table into pages of 512 bytes.
#[test]
fn databases_of_case_folders_are_those_that_the_builder_makes() {
    let headers = build::packages();
    let mut looping = build::berkeley_db(&headers, false);
    // The first overflow page leads back to itself.
    looping[2 * 512 + 16] = 2;
    let mut lost = build::ndb(&headers);
    // The second slot is not one, the third leads beyond the file.
    lost[48] = b'X';
    lost[64 + 10] = 0x10;
    let cut = build::ndb(&headers)[..4096 + 600].to_vec();
    for (path, made) in [
        ("rpm-berkeley-db/little-endian/root/var/lib/rpm/Packages", build::berkeley_db(&headers, false)),
        ("rpm-berkeley-db/big-endian/root/usr/share/rpm/Packages", build::berkeley_db(&headers, true)),
        ("rpm-berkeley-db/looping-overflow/root/var/lib/rpm/Packages", looping),
        ("rpm-ndb/two-packages/root/usr/lib/sysimage/rpm/Packages.db", build::ndb(&headers)),
        ("rpm-ndb/broken-slots/root/var/lib/rpm/Packages.db", lost),
        ("rpm-ndb/truncated/root/var/lib/rpm/Packages.db", cut),
    ] {
        let path = testdata(path);
        if std::env::var_os("SEAWALL_BLESS").is_some() {
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
            std::fs::write(&path, &made).expect("writable");
        }
        assert!(std::fs::read(&path).is_ok_and(|bytes| bytes == made), "{} differs", path.display());
    }
}

fn has(program: &str) -> bool {
    let found = std::process::Command::new(program).arg("--version").output().is_ok();
    if !found {
        eprintln!("SKIPPED: {program} absent");
    }
    found
}

/// Every package and every file of a real database, as rpm itself lists them, where it is installed.
#[test]
fn what_rpm_lists_is_what_is_read() {
    let Some(shared) = shared() else { return };
    if !has("rpm") {
        return;
    }
    let db = unzstd(&shared.join("rpmdb/cbl-mariner-2.0-rpmdb.sqlite.zst"));
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("rpmdb.sqlite"), &db).expect("writable");
    let list = |format: &str| {
        let output = std::process::Command::new("rpm")
            .args(["--define", "_db_backend sqlite", "--dbpath"])
            .arg(folder.path())
            .args(["-qa", "--qf", format])
            .output()
            .expect("runs");
        let text = String::from_utf8(output.stdout).expect("text");
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let seen = observe(SQLITE.0, SQLITE.1, &db);
    let some = |text: &Option<String>| text.clone().unwrap_or_else(|| "(none)".to_owned());
    let mut got: Vec<_> = packages(&seen)
        .iter()
        .map(|p| {
            format!("{}|{}|{}|{}|{}", p.name, p.version, some(&p.architecture), some(&p.vendor), p.licences.join(","))
        })
        .collect();
    got.sort();
    assert_eq!(got, list("%{NAME}|%{EVR}|%{ARCH}|%{VENDOR}|%{LICENSE}\n"));
    let owned = seen.iter().filter_map(|o| match o {
        Observation::Owns { name, files, .. } => Some(files.iter().map(move |file| format!("{name}|/{file}"))),
        _ => None,
    });
    let mut got: Vec<_> = owned.flatten().collect();
    got.sort();
    let lines = list("[%{=NAME}|%{FILENAMES}|%{FILEMODES:octal}\n]");
    // Octal 04xxxx is a folder; a package without files gives a line of (none).
    let files = lines
        .iter()
        .filter_map(|line| line.rsplit_once('|'))
        .filter(|(_, mode)| u32::from_str_radix(mode, 8).is_ok_and(|mode| mode & 0o170_000 != 0o040_000));
    let mut want: Vec<_> = files.map(|(file, _)| file.to_owned()).collect();
    want.sort();
    assert!(want.len() > 1000, "{}", want.len());
    assert_eq!(got, want);
}

/// A database as rpm itself writes it, with a write-ahead log beside it, where rpm is installed.
#[test]
fn what_rpm_writes_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    if !has("rpmbuild") || !has("rpm") {
        return;
    }
    let spec = "Name: tide\nEpoch: 2\nVersion: 1.4\nRelease: 3\nSummary: t\nLicense: MIT\nVendor: Seawall tests\n\
                AutoReqProv: no\nRequires: /bin/sh\n%description\nt\n%install\nmkdir -p %{buildroot}/opt/tide\n\
                echo a > %{buildroot}/opt/tide/bin\n%files\n%dir /opt/tide\n/opt/tide/bin\n";
    std::fs::write(folder.path().join("tide.spec"), spec).expect("writable");
    let run = |program: &str, arguments: &[&str]| {
        let top = format!("_topdir {}", folder.path().join("top").display());
        let output = std::process::Command::new(program)
            .args(["--define", &top, "--define", "_db_backend sqlite"])
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .expect("runs");
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    };
    run("rpmbuild", &["-bb", "--target", "noarch", "tide.spec"]);
    let root = folder.path().join("root");
    std::fs::create_dir(&root).expect("writable");
    let root = root.to_string_lossy().into_owned();
    let package = folder.path().join("top/RPMS/noarch/tide-1.4-3.noarch.rpm").to_string_lossy().into_owned();
    let place = ["--root", &root, "--dbpath", "/var/lib/rpm"];
    run("rpm", &[&place[..], &["--initdb"]].concat());
    run("rpm", &[&place[..], &["-i", "--nodeps", "--justdb", "--noscripts", &package]].concat());
    let db = std::fs::read(Path::new(&root).join("var/lib/rpm/rpmdb.sqlite")).expect("a database");
    let seen = observe(SQLITE.0, SQLITE.1, &db);
    assert_eq!(unknowns(&seen), []);
    let found = packages(&seen);
    assert_eq!(found.len(), 1, "{seen:?}");
    assert_eq!((found[0].name.as_str(), found[0].version.as_str()), ("tide", "2:1.4-3"));
    assert_eq!(files(&seen, "tide"), ["opt/tide/bin"]);
    break_everywhere(SQLITE, &db, 20, 300);
}
