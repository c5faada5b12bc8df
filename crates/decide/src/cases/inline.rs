//! The short forms in which a case states its report.

use seawall_model::{
    Ecosystem, Enrichment, Evidence, Finding, FindingKind, Fix, FixPlan, FixState, Hidden, ImageConfig, Inventory,
    KnownExploited, Location, OperatingSystem, Package, PackageRef, Recognition, Report, RiskFactors, Scope, Severity,
    TargetInfo, TargetKind, ToolInfo, Unknown, UnknownKind, Verdict,
};

use crate::cel::time::parse_timestamp;
use crate::purl::Purl;
use crate::reader::{Fields, Reader};
use crate::yaml::{Kind, Node};

const MAX_ITEMS: usize = 10_000;
const BOOL: [(&str, bool); 2] = [("true", true), ("false", false)];

pub(super) fn report(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Report {
    let mut items =
        |key: &str| {
            fields
                .get(key)
                .map(|n| {
                    if matches!(&n.kind, Kind::List(i) if i.is_empty()) {
                        Vec::new()
                    } else {
                        reader.list(n, MAX_ITEMS)
                    }
                })
                .unwrap_or_default()
        };
    let (findings, packages, unknowns) = (items("findings"), items("packages"), items("unknowns"));
    let findings: Vec<Finding> = findings.into_iter().filter_map(|n| finding(reader, n)).collect();
    let mut packages: Vec<Package> = packages.into_iter().filter_map(|n| package(reader, n)).collect();
    packages.sort_by_key(Package::purl);
    let unknowns = unknowns.into_iter().filter_map(|n| unknown(reader, n)).collect();
    let config = fields.get("image").map(|n| image(reader, n));
    let inventory = Inventory {
        target: target(reader, fields.get("target"), config.is_some()),
        os: fields.get("os").and_then(|n| os(reader, n)),
        os_evidence: None,
        layers: Vec::new(),
        config,
        packages,
        relationships: Vec::new(),
        unknowns,
    };
    Report {
        tool: ToolInfo { name: "seawall".to_owned(), version: String::new() },
        inventory,
        findings,
        hidden: Hidden::default(),
        fix_plan: FixPlan::default(),
        verdict: Verdict::default(),
        not_looked_for: Vec::new(),
        database: None,
        created: None,
        show_all: false,
    }
}

fn finding(reader: &mut Reader<'_>, node: &Node) -> Option<Finding> {
    let known = [
        "id",
        "aliases",
        "kind",
        "severity",
        "title",
        "package",
        "path",
        "fix",
        "score",
        "epss",
        "kev",
        "ransomware",
        "published",
        "unimportant",
    ];
    let fields = reader.fields(node, "a finding", &known);
    let id = fields.require(reader, "id").and_then(|n| reader.text(n))?.to_owned();
    let kinds = FindingKind::ALL.map(|kind| (kind.name(), kind));
    let severities = Severity::ALL.map(|severity| (severity.name(), severity));
    let versions = fields.get("fix").map(|n| reader.texts(n)).unwrap_or_default();
    let package = fields.get("package").and_then(|n| reference(reader, n));
    let number =
        |reader: &mut Reader<'_>, key: &str, most: f64| fields.get(key).and_then(|n| reader.number(n, 0.0, most));
    let word = |reader: &mut Reader<'_>, key: &str| fields.get(key).and_then(|n| reader.text(n)).map(str::to_owned);
    let yes =
        |reader: &mut Reader<'_>, key: &str| fields.get(key).and_then(|n| reader.choice(n, &BOOL)).unwrap_or(false);
    let ransomware = yes(reader, "ransomware");
    let listed = yes(reader, "kev") || ransomware;
    let published = fields.get("published").and_then(|n| {
        let text = reader.text(n)?;
        if parse_timestamp(text).is_none() {
            reader.fail_at(n, format!("`{text}` is neither a date nor a time (RFC 3339)"), None);
        }
        Some(text.to_owned())
    });
    #[expect(clippy::cast_possible_truncation, reason = "EPSS is kept in single precision")]
    let epss = number(reader, "epss", 1.0).map(|value| value as f32);
    Some(Finding {
        kind: fields.get("kind").and_then(|n| reader.choice(n, &kinds)).unwrap_or(FindingKind::Vulnerability),
        severity: fields.get("severity").and_then(|n| reader.choice(n, &severities)).unwrap_or_default(),
        severity_source: String::new(),
        title: word(reader, "title").unwrap_or_else(|| id.clone()),
        aliases: fields.get("aliases").map(|n| reader.texts(n)).unwrap_or_default(),
        package,
        location: Location { path: word(reader, "path").unwrap_or_default(), ..Location::default() },
        fix: Fix { state: if versions.is_empty() { FixState::Affected } else { FixState::Fixed }, versions },
        reasons: Vec::new(),
        remediation: String::new(),
        advisory: id.clone(),
        source: String::new(),
        enrichment: Enrichment {
            score: number(reader, "score", 10.0),
            epss,
            kev: listed.then(|| KnownExploited { added: String::new(), due: String::new(), ransomware }),
            published,
            ..Enrichment::default()
        },
        risk: RiskFactors::default(),
        unimportant: yes(reader, "unimportant"),
        suppressed: None,
        id,
    })
}

/// A package written as its purl.
fn reference(reader: &mut Reader<'_>, node: &Node) -> Option<PackageRef> {
    let text = reader.text(node)?;
    let Some(purl) = Purl::parse(text) else {
        reader.fail_at(node, format!("`{text}` is not a package URL"), Some("write `pkg:TYPE/NAME@VERSION`"));
        return None;
    };
    let name = whole_name(&purl);
    Some(PackageRef { purl: text.to_owned(), name, version: purl.version.into_owned() })
}

/// The name as the ecosystem writes it: languages keep the namespace in it, distributions do not.
fn whole_name(purl: &Purl<'_>) -> String {
    match Ecosystem::from_purl_type(&purl.kind) {
        Some(Ecosystem::Maven) if !purl.namespace.is_empty() => format!("{}:{}", purl.namespace, purl.name),
        Some(ecosystem) if !ecosystem.is_operating_system() && !purl.namespace.is_empty() => {
            format!("{}/{}", purl.namespace, purl.name)
        }
        _ => purl.name.clone().into_owned(),
    }
}

fn package(reader: &mut Reader<'_>, node: &Node) -> Option<Package> {
    let fields = reader.fields(node, "a package", &["purl", "licences", "scope", "path", "vendor"]);
    let purl_node = fields.require(reader, "purl")?;
    let text = reader.text(purl_node)?;
    let Some((purl, ecosystem)) = Purl::parse(text).and_then(|p| Ecosystem::from_purl_type(&p.kind).map(|e| (p, e)))
    else {
        reader.fail_at(purl_node, format!("`{text}` is not a package URL of a type that is known"), None);
        return None;
    };
    let mut package = Package::new(ecosystem, whole_name(&purl), purl.version.as_ref());
    if ecosystem.is_operating_system() && !purl.namespace.is_empty() {
        package.namespace = Some(purl.namespace.clone().into_owned());
    }
    package.architecture = purl.qualifier("arch").map(str::to_owned);
    package.distro = purl.qualifier("distro").map(str::to_owned);
    package.licences = fields.get("licences").map(|n| reader.texts(n)).unwrap_or_default();
    package.vendor = fields.get("vendor").and_then(|n| reader.text(n)).map(str::to_owned);
    let scopes = [
        ("unknown", Scope::Unknown),
        ("runtime", Scope::Runtime),
        ("development", Scope::Development),
        ("optional", Scope::Optional),
    ];
    package.scope = fields.get("scope").and_then(|n| reader.choice(n, &scopes)).unwrap_or_default();
    let path = fields.get("path").and_then(|n| reader.text(n)).unwrap_or_default().to_owned();
    package.evidence.push(Evidence { path, layer: None, how: Recognition::Sbom, cataloger: "case".to_owned() });
    Some(package)
}

fn unknown(reader: &mut Reader<'_>, node: &Node) -> Option<Unknown> {
    let fields = reader.fields(node, "an unknown", &["path", "kind", "reason"]);
    let kinds = [
        ("malformed", UnknownKind::Malformed),
        ("limit", UnknownKind::Limit),
        ("unsupported", UnknownKind::Unsupported),
        ("unreadable", UnknownKind::Unreadable),
        ("not-matched", UnknownKind::NotMatched),
    ];
    Some(Unknown {
        path: fields.require(reader, "path").and_then(|n| reader.text(n))?.to_owned(),
        layer: None,
        kind: fields.get("kind").and_then(|n| reader.choice(n, &kinds)).unwrap_or(UnknownKind::Malformed),
        by: "case".to_owned(),
        reason: fields.get("reason").and_then(|n| reader.text(n)).unwrap_or_default().to_owned(),
    })
}

fn image(reader: &mut Reader<'_>, node: &Node) -> ImageConfig {
    let known =
        ["user", "env", "entrypoint", "cmd", "exposedPorts", "volumes", "labels", "healthcheck", "created", "history"];
    let fields = reader.fields(node, "an image", &known);
    let mut texts = |key: &str| fields.get(key).map(|n| reader.texts(n)).unwrap_or_default();
    let (env, entrypoint, cmd, exposed_ports, volumes, history) =
        (texts("env"), texts("entrypoint"), texts("cmd"), texts("exposedPorts"), texts("volumes"), texts("history"));
    let mut config = ImageConfig { env, entrypoint, cmd, exposed_ports, volumes, history, ..ImageConfig::default() };
    config.user = fields.get("user").and_then(|n| reader.text(n)).unwrap_or_default().to_owned();
    config.created = fields.get("created").and_then(|n| reader.text(n)).map(str::to_owned);
    config.has_healthcheck = fields.get("healthcheck").and_then(|n| reader.choice(n, &BOOL)).unwrap_or(false);
    match fields.get("labels").map(|n| (n, &n.kind)) {
        Some((_, Kind::Map(entries))) => {
            for (key, value) in entries {
                if let (Some(key), Some(value)) = (reader.text(key), reader.text(value)) {
                    config.labels.insert(key.to_owned(), value.to_owned());
                }
            }
        }
        Some((n, _)) => reader.fail_at(n, "`labels` must be a mapping", None),
        None => {}
    }
    config
}

fn os(reader: &mut Reader<'_>, node: &Node) -> Option<OperatingSystem> {
    let fields = reader.fields(node, "an operating system", &["id", "versionId", "codename"]);
    Some(OperatingSystem {
        id: fields.require(reader, "id").and_then(|n| reader.text(n))?.to_owned(),
        id_like: Vec::new(),
        version_id: fields.get("versionId").and_then(|n| reader.text(n)).unwrap_or_default().to_owned(),
        codename: fields.get("codename").and_then(|n| reader.text(n)).map(str::to_owned),
        pretty_name: None,
        cpe: None,
        variant_id: None,
        repositories: Vec::new(),
    })
}

fn target(reader: &mut Reader<'_>, node: Option<&Node>, is_image: bool) -> TargetInfo {
    let kinds = TargetKind::ALL.map(|kind| (kind.prefix(), kind));
    let mut kind = if is_image { TargetKind::Registry } else { TargetKind::Dir };
    let mut name = String::new();
    if let Some(node) = node {
        let fields = reader.fields(node, "a target", &["kind", "name"]);
        kind = fields.get("kind").and_then(|n| reader.choice(n, &kinds)).unwrap_or(kind);
        name = fields.get("name").and_then(|n| reader.text(n)).unwrap_or_default().to_owned();
    }
    TargetInfo { kind, name, tags: Vec::new(), manifest_digest: None, config_digest: None, platform: None, size: None }
}
