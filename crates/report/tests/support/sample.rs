//! Reports to render: a rich one with everything that is awkward, and an empty one.

use seawall_model::*;

/// A report with several ecosystems, suppressed and unimportant findings, unknowns and hostile text in every place.
pub(crate) fn rich() -> Report {
    let mut packages =
        vec![openssl(), libc(), linux_headers(), lodash(), cobra(), log4j(), busybox(), hostile_package()];
    packages.sort_by_key(Package::purl);
    let purl = |name: &str| packages.iter().find(|p| p.name == name).map(Package::purl).unwrap();
    let mut relationships = vec![
        Relationship { from: purl("openssl"), kind: RelationshipKind::DependsOn, to: purl("libc6") },
        Relationship {
            from: purl("org.apache.logging.log4j:log4j-core"),
            kind: RelationshipKind::ContainedIn,
            to: purl("busybox"),
        },
        Relationship { from: purl("lodash"), kind: RelationshipKind::OwnedBy, to: purl("libc6") },
        Relationship { from: purl("lodash"), kind: RelationshipKind::DependsOn, to: "pkg:npm/not-there@1".into() },
    ];
    relationships.sort();
    let findings = findings(&packages);
    let removes = findings.iter().take(5).map(|f| f.id.clone()).collect();
    Report {
        tool: ToolInfo { name: "seawall".into(), version: "0.1.0".into() },
        inventory: Inventory {
            target: target(),
            os: Some(os()),
            os_evidence: Some(Evidence {
                path: "usr/lib/os-release".into(),
                layer: Some(0),
                how: Recognition::InstalledMetadata,
                cataloger: "os-release".into(),
            }),
            layers: vec![layer(1, "ADD rootfs.tar /"), layer(2, "RUN npm ci --omit=dev"), layer(3, "COPY app /app")],
            config: Some(config()),
            packages,
            relationships,
            unknowns: unknowns(),
        },
        findings,
        hidden: Hidden { unimportant: 1, kernel_headers: 1, suppressed: 2 },
        fix_plan: FixPlan { steps: steps(removes), removes: 0.84 },
        verdict: verdict(),
        not_looked_for: not_built(),
        database: Some(DatabaseInfo {
            digest: digest(9).to_string(),
            advisories: 312_411,
            newest: Some("2026-11-20".into()),
        }),
        created: None,
        show_all: false,
    }
}

fn not_built() -> Vec<NotLookedFor> {
    [FindingKind::Secret, FindingKind::Licence]
        .map(|kind| NotLookedFor { kind, part: None, why: WhyNot::NotBuilt })
        .into()
}

/// The rich report with `--all` and the time of the scan asked for.
pub(crate) fn everything() -> Report {
    Report { show_all: true, created: Some("2026-11-24T10:20:30.5+01:00".into()), ..rich() }
}

/// A target of which nothing is wrong and hardly anything known.
pub(crate) fn empty() -> Report {
    Report {
        tool: ToolInfo { name: "seawall".into(), version: "0.1.0".into() },
        inventory: Inventory {
            target: TargetInfo {
                kind: TargetKind::Dir,
                name: "./app".into(),
                tags: Vec::new(),
                manifest_digest: None,
                config_digest: None,
                platform: None,
                size: None,
            },
            os: None,
            os_evidence: None,
            layers: Vec::new(),
            config: None,
            packages: Vec::new(),
            relationships: Vec::new(),
            unknowns: Vec::new(),
        },
        findings: Vec::new(),
        hidden: Hidden::default(),
        fix_plan: FixPlan::default(),
        verdict: Verdict { policy: "default".into(), ..Verdict::default() },
        not_looked_for: not_built(),
        database: Some(DatabaseInfo { digest: digest(9).to_string(), advisories: 312_411, newest: None }),
        created: None,
        show_all: false,
    }
}

/// The rich report's next build: a package upgraded, one finding gone, a new one, another configuration.
pub(crate) fn next() -> Report {
    let mut report = rich();
    for package in &mut report.inventory.packages {
        if package.name == "lodash" {
            package.version = "4.17.21".into();
        }
    }
    report.inventory.packages.retain(|p| p.name != "busybox");
    report.inventory.packages.sort_by_key(Package::purl);
    report.findings.retain(|f| f.id != "GHSA-35jh-r3h4-6jhm");
    let mut fresh = report.findings[0].clone();
    fresh.id = "CVE-2026-9999".into();
    report.findings.insert(1, fresh);
    report.inventory.layers[2] = layer(4, "COPY app /app");
    report.inventory.target.size = Some(1_300_000_000);
    if let Some(config) = &mut report.inventory.config {
        config.user = String::new();
        config.env.push("TOKEN=secret-value".into());
        config.exposed_ports.push("9229/tcp".into());
    }
    report
}

/// A report with `count` findings, to see that large ones stay usable.
pub(crate) fn large(count: usize) -> Report {
    let mut report = rich();
    let pattern = report.findings.clone();
    report.findings = (0..count)
        .map(|place| {
            let mut finding = pattern[place % 4].clone();
            finding.id = format!("CVE-2026-{place:05}");
            finding.risk.score = 99.0 - place as f64 * 99.0 / count as f64;
            if let Some(package) = &mut finding.package {
                package.name = format!("{}-{}", package.name, place / 9);
                package.purl = format!("{}-{}", package.purl, place / 9);
            }
            finding
        })
        .collect();
    report
}

fn digest(byte: u8) -> Digest {
    Digest::from_sha256([byte; 32])
}

fn layer(number: u8, instruction: &str) -> Layer {
    Layer {
        diff_id: digest(number * 16 + 1),
        digest: digest(number * 16 + 2),
        media_type: "application/vnd.oci.image.layer.v1.tar+gzip".into(),
        size: 31_000_000 * u64::from(number),
        uncompressed_size: 80_000_000 * u64::from(number),
        programs: None,
        instruction: Some(instruction.into()),
        entries: 1000 * u64::from(number),
    }
}

fn target() -> TargetInfo {
    TargetInfo {
        kind: TargetKind::DockerArchive,
        name: "shop-web.tar".into(),
        tags: vec!["registry.example/shop/web:1.4".into()],
        manifest_digest: Some(digest(0xab)),
        config_digest: Some(digest(0xcd)),
        platform: Some(Platform { os: "linux".into(), architecture: "amd64".into(), variant: None }),
        size: Some(1_234_567_890),
    }
}

fn os() -> OperatingSystem {
    OperatingSystem {
        id: "debian".into(),
        id_like: Vec::new(),
        version_id: "12".into(),
        codename: Some("bookworm".into()),
        pretty_name: Some("Debian GNU/Linux 12 (bookworm)".into()),
        cpe: None,
        variant_id: None,
        repositories: Vec::new(),
    }
}

fn config() -> ImageConfig {
    ImageConfig {
        user: "app".into(),
        env: vec!["PATH=/usr/bin".into(), "NODE_ENV=production".into()],
        entrypoint: vec!["node".into(), "server.js".into()],
        exposed_ports: vec!["8080/tcp".into()],
        labels: [("org.opencontainers.image.title".to_owned(), "Shop".to_owned())].into(),
        created: Some("2026-10-01T12:00:00.123456789Z".into()),
        history: vec!["ADD rootfs.tar /".into(), "RUN npm ci --omit=dev".into(), "COPY app /app".into()],
        ..ImageConfig::default()
    }
}

fn seen(package: &mut Package, path: &str, layer: u32, how: Recognition, cataloger: &str) {
    package.evidence.push(Evidence { path: path.into(), layer: Some(layer), how, cataloger: cataloger.into() });
}

fn deb(name: &str, version: &str) -> Package {
    let mut package = Package::new(Ecosystem::Deb, name, version);
    package.namespace = Some("debian".into());
    package.distro = Some("debian-12".into());
    package.architecture = Some("amd64".into());
    seen(&mut package, "var/lib/dpkg/status", 0, Recognition::PackageDatabase, "dpkg");
    package
}

fn openssl() -> Package {
    let mut package = deb("openssl", "3.0.11-1~deb12u2");
    package.licences = vec!["Apache-2.0".into(), "Artistic OR GPL-1+".into()];
    package.vendor = Some("Debian OpenSSL Team (pkg)".into());
    package
}

fn libc() -> Package {
    let mut package = deb("libc6", "2.36-9+deb12u8");
    package.source = Some(SourcePackage { name: "glibc".into(), version: None });
    package.licences = vec!["LGPL-2.1-or-later AND GPL-2.0".into()];
    package
}

fn linux_headers() -> Package {
    deb("linux-libc-dev", "6.1.106-3")
}

fn lodash() -> Package {
    let mut package = Package::new(Ecosystem::Npm, "lodash", "4.17.15");
    package.licences = vec!["MIT".into()];
    package.scope = Scope::Runtime;
    package.checksums = vec!["sha1:b447f6670a0455bbfeedd11392eff330ea097548".into(), "odd:zz".into()];
    seen(&mut package, "app/package-lock.json", 1, Recognition::Lockfile, "npm-lock");
    package
}

fn cobra() -> Package {
    let mut package = Package::new(Ecosystem::Golang, "github.com/spf13/cobra", "v1.0.0");
    seen(&mut package, "usr/local/bin/helper", 2, Recognition::BuildInformation, "go-binary");
    package
}

fn log4j() -> Package {
    let mut package = Package::new(Ecosystem::Maven, "org.apache.logging.log4j:log4j-core", "2.14.1");
    package.licences = vec!["Apache License, Version 2.0".into()];
    package.scope = Scope::Development;
    seen(&mut package, "app/lib/app.jar!/BOOT-INF/lib/log4j-core-2.14.1.jar", 2, Recognition::Archive, "jar");
    package
}

fn busybox() -> Package {
    let mut package = Package::new(Ecosystem::Generic, "busybox", "1.36.1");
    seen(&mut package, "bin/busybox", 0, Recognition::VersionString, "programs");
    package
}

/// Everything that a package file can say to lead a reader, a terminal, a browser or a parser astray.
fn hostile_package() -> Package {
    let name = "evil\u{1b}[2J<script>alert(1)</script>|`@everyone`\u{202e}\"'&]]></text>\nPackageName: other";
    let mut package = Package::new(Ecosystem::Pypi, name, "1.0\u{0}\u{9b}31m");
    package.licences = vec!["see </text> \u{7} LICENSE".into(), "MIT".into()];
    package.vendor = Some("\u{1b}]0;title\u{7}".into());
    seen(&mut package, "opt/\u{1b}[31m/<b>/METADATA", 2, Recognition::InstalledMetadata, "python-installed");
    package
}

fn unknowns() -> Vec<Unknown> {
    let unknown = |number: usize| Unknown {
        path: format!("app/vendor/broken-{number:02}.jar"),
        layer: Some(2),
        kind: UnknownKind::Malformed,
        by: "jar".into(),
        reason: "the central directory ends before its last entry".into(),
    };
    let mut list: Vec<Unknown> = (0..12).map(unknown).collect();
    list.push(Unknown {
        path: "app/\u{1b}[31m<img src=x onerror=alert(1)>".into(),
        layer: None,
        kind: UnknownKind::Limit,
        by: "tar".into(),
        reason: "larger than the limit of 512 MB".into(),
    });
    list
}

fn steps(removes: Vec<String>) -> Vec<FixStep> {
    vec![
        FixStep {
            kind: FixStepKind::BaseImage,
            what: "debian".into(),
            from: "12.5".into(),
            to: "12.9".into(),
            how: "Change the first line of the Dockerfile to FROM debian:12.9 and rebuild.".into(),
            removes,
            risk: 310.5,
        },
        FixStep {
            kind: FixStepKind::Package,
            what: "lodash".into(),
            from: "4.17.15".into(),
            to: "4.17.21".into(),
            how: "npm install lodash@4.17.21".into(),
            removes: vec!["GHSA-35jh-r3h4-6jhm".into()],
            risk: 41.0,
        },
    ]
}

fn verdict() -> Verdict {
    let reason = |rule: &str, outcome, message: &str, subjects: &[&str]| Reason {
        rule: rule.into(),
        outcome,
        message: message.into(),
        subjects: subjects.iter().map(|s| (*s).to_owned()).collect(),
    };
    Verdict {
        outcome: Outcome::Deny,
        policy: "shop-production".into(),
        reasons: vec![
            reason(
                "no-known-exploited",
                Outcome::Deny,
                "1 finding is known to be exploited, allowed are 0",
                &["CVE-2021-44228 in pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1"],
            ),
            reason("no-critical-with-fix", Outcome::Deny, "2 critical findings have a fix, allowed are 0", &[]),
            reason("not-root", Outcome::Allow, "the image runs as user app", &[]),
            reason("odd\u{1b}[31m", Outcome::Warn, "<b>|@everyone", &["a", "b", "c", "d", "e"]),
        ],
        accepts_unknowns: false,
    }
}

fn finding(id: &str, severity: Severity, package: Option<&Package>, risk: f64) -> Finding {
    let evidence = package.and_then(|p| p.evidence.first());
    let layer_index = evidence.and_then(|e| e.layer);
    Finding {
        id: id.into(),
        kind: FindingKind::Vulnerability,
        severity,
        severity_source: "debian".into(),
        title: String::new(),
        aliases: Vec::new(),
        package: package.map(|p| PackageRef { purl: p.purl(), name: p.name.clone(), version: p.version.clone() }),
        location: Location {
            path: evidence.map(|e| e.path.clone()).unwrap_or_default(),
            layer: layer_index.map(|index| digest(index as u8 * 16 + 17)),
            layer_index,
            instruction: layer_index.map(|index| format!("instruction {index}")),
            line: None,
        },
        fix: Fix::default(),
        reasons: vec![format!("advisory {id} of the feed"), "the installed version is below the fixed one".into()],
        remediation: String::new(),
        advisory: id.into(),
        source: "debian-osv".into(),
        enrichment: Enrichment::default(),
        risk: RiskFactors { score: risk, impact: risk / 100.0, likelihood: 0.5 },
        unimportant: false,
        suppressed: None,
    }
}

fn findings(packages: &[Package]) -> Vec<Finding> {
    let package = |name: &str| packages.iter().find(|p| p.name == name);
    let fixed = |version: &str| Fix { state: FixState::Fixed, versions: vec![version.into()] };
    let mut list = Vec::new();

    let mut log4shell =
        finding("CVE-2021-44228", Severity::Critical, package("org.apache.logging.log4j:log4j-core"), 100.0);
    log4shell.title = "Log4j2 JNDI features do not protect against attacker controlled LDAP and other endpoints".into();
    log4shell.aliases = vec!["GHSA-jfh8-c2jp-5v3q".into()];
    log4shell.fix = Fix { state: FixState::Fixed, versions: vec!["2.12.2".into(), "2.15.0".into()] };
    log4shell.remediation = "Upgrade org.apache.logging.log4j:log4j-core to 2.15.0.".into();
    log4shell.enrichment = Enrichment {
        score: Some(10.0),
        cvss: vec![CvssVector {
            version: "3.1".into(),
            vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H".into(),
            score: 10.0,
        }],
        epss: Some(0.973_65),
        epss_percentile: Some(0.999_9),
        kev: Some(KnownExploited { added: "2021-12-10".into(), due: "2021-12-24".into(), ransomware: true }),
        cwes: vec!["CWE-20".into(), "CWE-502".into()],
        references: vec!["https://logging.apache.org/log4j/2.x/security.html".into(), "javascript:alert(1)".into()],
        published: Some("2021-12-10T10:15:09.143Z".into()),
        modified: Some("2026-01-02".into()),
    };
    list.push(log4shell);

    for (place, (id, severity)) in [
        ("CVE-2024-5535", Severity::Critical),
        ("CVE-2024-4741", Severity::High),
        ("CVE-2024-2511", Severity::Medium),
        ("CVE-2023-5678", Severity::Medium),
        ("CVE-2023-6129", Severity::Medium),
        ("CVE-2023-6237", Severity::Low),
        ("CVE-2024-0727", Severity::Low),
        ("CVE-2024-9143", Severity::Unknown),
    ]
    .into_iter()
    .enumerate()
    {
        let mut one = finding(id, severity, package("openssl"), 90.0 - place as f64 * 6.0);
        one.title = "SSL_select_next_proto buffer overread".into();
        one.fix = if place < 6 { fixed("3.0.14-1~deb12u2") } else { Fix::default() };
        one.remediation = "Upgrade openssl to 3.0.14-1~deb12u2.".into();
        one.enrichment.epss = Some(0.000_4 * (place + 1) as f32);
        one.enrichment.score = Some(9.1);
        list.push(one);
    }

    let mut prototype = finding("GHSA-35jh-r3h4-6jhm", Severity::High, package("lodash"), 41.0);
    prototype.title = "Command injection in lodash".into();
    prototype.severity_source = "ghsa".into();
    prototype.aliases = vec!["CVE-2021-23337".into()];
    prototype.fix = fixed("4.17.21");
    prototype.source = "ghsa".into();
    list.push(prototype);

    let mut end = finding("EOL-debian-12", Severity::Medium, None, 40.0);
    end.kind = FindingKind::EndOfLife;
    end.title = "Debian 12 is past its end of life since 2026-06-10".into();
    end.location.path = "etc/os-release".into();
    list.push(end);

    let mut secret = finding("private-key", Severity::High, None, 39.0);
    secret.kind = FindingKind::Secret;
    secret.title = "A private key".into();
    secret.location = Location { path: "app/config/deploy key.pem".into(), line: Some(3), ..Location::default() };
    list.push(secret);

    let mut setting = finding("no-healthcheck", Severity::Low, None, 12.0);
    setting.kind = FindingKind::Misconfiguration;
    setting.title = "The image has no health check".into();
    setting.remediation = "Add a HEALTHCHECK instruction.".into();
    list.push(setting);

    let hostile = packages.iter().find(|p| p.name.starts_with("evil"));
    let mut evil = finding("X-1\"><img>|\u{1b}[31m", Severity::Unknown, hostile, 11.0);
    evil.title =
        "\u{1b}[31mred</summary><script>alert(1)</script> | [x](javascript:1) @admin #1 \u{202e}drow {0}".into();
    evil.reasons = vec!["</details>\u{0}".into()];
    evil.remediation = "run `rm -rf /` ]]> --> </text>".into();
    evil.fix = fixed("2.0<script>");
    evil.enrichment.references = vec!["https://e.test/\"onload=alert(1)".into()];
    evil.enrichment.cvss = vec![CvssVector { version: "9".into(), vector: "<&\u{8}>".into(), score: f64::NAN }];
    list.push(evil);

    let mut vex = finding("CVE-2022-27943", Severity::High, package("libc6"), 10.0);
    vex.title = "libiberty stack consumption".into();
    vex.suppressed = Some(SuppressedBy {
        by: "vex".into(),
        statement: "not_affected: vulnerable_code_not_in_execute_path".into(),
        author: "team-a (vex/web.openvex.json)".into(),
        expires: None,
    });
    list.push(vex);

    let mut accepted = finding("CVE-2020-0001", Severity::Medium, package("github.com/spf13/cobra"), 9.0);
    accepted.title = "Accepted for a while".into();
    accepted.fix.state = FixState::WontFix;
    accepted.suppressed = Some(SuppressedBy {
        by: "exception".into(),
        statement: "not reachable from the network".into(),
        author: "alice@example.org".into(),
        expires: Some("2027-01-31".into()),
    });
    list.push(accepted);

    let mut headers = finding("CVE-2024-35000", Severity::High, package("linux-libc-dev"), 8.0);
    headers.title = "A flaw of the kernel, in a container that has none".into();
    headers.unimportant = true;
    list.push(headers);

    let mut minor = finding("CVE-2019-1010022", Severity::Negligible, package("libc6"), 1.0);
    minor.title = "Stack guard protection bypass".into();
    minor.unimportant = true;
    minor.fix.state = FixState::UnderInvestigation;
    list.push(minor);
    list
}
