//! `match-thousand DB`: how long it takes to open the database, and to match 1,000 packages against it, cold and warm.
//!
//! The packages are of Debian 12, npm, PyPI, Maven, Go and crates.io, names that the database knows. They are matched in
//! newer versions than any advisory names (what looking up and comparing costs), and in very old ones (where each of some
//! 20,000 findings is put together: far more than an image of this size has).
#![allow(clippy::print_stdout, reason = "it is a measurement")]

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use seawall_advisory::Database;
use seawall_model::{Ecosystem, Inventory, OperatingSystem, Package, TargetInfo, TargetKind};

/// Source packages and modules that many images have; the list is repeated with other versions up to a thousand.
const NAMES: &[(Ecosystem, &str)] = &[
    (
        Ecosystem::Deb,
        "apt bash binutils bzip2 curl cyrus-sasl2 dbus e2fsprogs expat freetype gcc-12 git glib2.0 glibc gmp gnupg2 gnutls28 krb5 libgcrypt20 libidn2 libpng1.6 libssh2 libtasn1-6 libx11 libxml2 libzstd lz4 ncurses nghttp2 nodejs openjdk-17 openldap openssl pam pcre2 perl python3.11 shadow sqlite3 systemd tar tiff util-linux xz-utils zlib",
    ),
    (
        Ecosystem::Npm,
        "ajv ansi-regex axios braces cross-spawn debug ejs express follow-redirects glob-parent handlebars ini json5 jsonwebtoken loader-utils lodash minimatch minimist moment next node-fetch nth-check path-parse postcss qs semver send tar terser tough-cookie webpack word-wrap ws y18n",
    ),
    (
        Ecosystem::Pypi,
        "aiohttp certifi cryptography django flask idna jinja2 lxml numpy pillow protobuf pyyaml requests setuptools sqlalchemy tornado urllib3 werkzeug wheel",
    ),
    (
        Ecosystem::Maven,
        "org.apache.logging.log4j:log4j-core org.springframework:spring-core com.fasterxml.jackson.core:jackson-databind org.apache.commons:commons-text commons-collections:commons-collections org.apache.struts:struts2-core org.yaml:snakeyaml io.netty:netty-handler com.google.guava:guava org.apache.solr:solr-core",
    ),
    (
        Ecosystem::Golang,
        "golang.org/x/crypto golang.org/x/net golang.org/x/text google.golang.org/grpc google.golang.org/protobuf github.com/docker/docker github.com/opencontainers/runc github.com/containerd/containerd stdlib",
    ),
    (Ecosystem::Cargo, "hyper tokio openssl regex rustls smallvec time chrono h2"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: match-thousand DB")?;
    let start = Instant::now();
    let database = Database::open(Path::new(&path))?;
    println!("open: {:.2} ms", start.elapsed().as_secs_f64() * 1e3);
    for (kind, major) in [("new", 999), ("old", 1)] {
        let inventory = inventory(packages(major));
        for run in ["cold", "warm", "warm", "warm"] {
            let start = Instant::now();
            let detection = seawall_detect::detect(&inventory, &database, "2026-01-01")?;
            let (time, findings) = (start.elapsed().as_secs_f64() * 1e3, detection.findings.len());
            println!("{} {kind} packages, {run}: {time:.1} ms, {findings} findings", inventory.packages.len());
        }
    }
    Ok(())
}

fn packages(major: u32) -> Vec<Package> {
    (0..)
        .flat_map(|round| {
            NAMES.iter().flat_map(move |(ecosystem, names)| {
                names.split(' ').map(move |name| Package::new(*ecosystem, name, format!("{major}.{round}.0")))
            })
        })
        .take(1_000)
        .collect()
}

fn inventory(packages: Vec<Package>) -> Inventory {
    let os = OperatingSystem {
        id: "debian".into(),
        id_like: vec![],
        version_id: "12".into(),
        codename: None,
        pretty_name: None,
        cpe: None,
        variant_id: None,
        repositories: vec![],
    };
    let target = TargetInfo {
        kind: TargetKind::Rootfs,
        name: "thousand".into(),
        tags: vec![],
        manifest_digest: None,
        config_digest: None,
        platform: None,
        size: None,
    };
    Inventory {
        target,
        os: Some(os),
        os_evidence: None,
        layers: vec![],
        config: None,
        packages,
        relationships: vec![],
        unknowns: vec![],
    }
}
