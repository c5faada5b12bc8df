use seawall_model::{Evidence, FixState, ImageConfig, OperatingSystem, RelationshipKind, Scope, UnknownKind};

use super::{Object, object};
use crate::cel::time::parse_timestamp;
use crate::cel::types::{Field, ObjectType, Type};
use crate::cel::value::Value;

/// Every object type that is not a scope, for the reference.
pub(crate) static OBJECTS: [&ObjectType; 11] =
    [&FINDING, &PACKAGE, &FIX, &KEV, &LOCATION, &IMAGE, &OS, &TARGET, &DATABASE, &COUNTS, &UNKNOWN];

fn strings() -> Type {
    Type::list(Type::Str)
}

fn optional(text: Option<&String>) -> Option<Value<'_>> {
    text.map(|text| Value::text(text))
}

fn moment(text: Option<&String>) -> Option<Value<'_>> {
    text.and_then(|text| parse_timestamp(text)).map(Value::Timestamp)
}

fn int(value: impl TryInto<i64>) -> Option<Value<'static>> {
    Some(Value::Int(value.try_into().unwrap_or(i64::MAX)))
}

object!(FINDING, "finding", Object::Finding(world, f), {
    "id": Type::Str, "The CVE where there is one, else the advisory's own id." => Some(Value::text(&f.id));
    "ids": strings(), "The id, its aliases and the advisory's id." =>
        Some(Value::list(std::iter::once(&f.id).chain(&f.aliases).chain(Some(&f.advisory).filter(|a| !a.is_empty())).map(|t| Value::text(t)).collect()));
    "aliases": strings(), "The other ids of the same vulnerability." => Some(Value::texts(&f.aliases));
    "kind": Type::Str, "`vulnerability`, `secret`, `malware`, `misconfiguration`, `licence` or `end-of-life`." => Some(Value::text(f.kind.name()));
    "severity": Type::Severity, "How bad; compare it with severity(\"high\")." => Some(Value::Severity(f.severity));
    "severitySource": Type::Str, "Who says so: `debian`, `ghsa`, `nvd`, `cvss`, …" => Some(Value::text(&f.severity_source));
    "title": Type::Str, "One line." => Some(Value::text(&f.title));
    "package": Type::Object(&PACKAGE), "The package; its fields are empty where it is not about one." => Some(Value::Object(Object::package_of(world, f)));
    "location": Type::Object(&LOCATION), "Where the package or file is." => Some(Value::Object(Object::Location(f)));
    "fix": Type::Object(&FIX), "What mends it." => Some(Value::Object(Object::Fix(&f.fix)));
    "score": Type::Double, "The highest CVSS base score; 0.0 where there is none." => f.enrichment.score.map(Value::Double);
    "epss": Type::Double, "Probability of exploitation in the next 30 days, 0 to 1; 0.0 where there is none." =>
        f.enrichment.epss.map(|v| Value::Double(widen(v)));
    "epssPercentile": Type::Double, "Share of CVEs scored no higher, 0 to 1; 0.0 where there is none." =>
        f.enrichment.epss_percentile.map(|v| Value::Double(widen(v)));
    "kev": Type::Object(&KEV), "Whether it is known to be exploited." => Some(Value::Object(Object::Kev(f)));
    "cwes": strings(), "Weaknesses, `CWE-79`." => Some(Value::texts(&f.enrichment.cwes));
    "references": strings(), "Links." => Some(Value::texts(&f.enrichment.references));
    "published": Type::Timestamp, "When it was published." => moment(f.enrichment.published.as_ref());
    "modified": Type::Timestamp, "When it was last changed." => moment(f.enrichment.modified.as_ref());
    "risk": Type::Double, "The risk score, 0 to 100." => Some(Value::Double(f.risk.score));
    "reasons": strings(), "Why it applies." => Some(Value::texts(&f.reasons));
    "remediation": Type::Str, "What to do." => Some(Value::text(&f.remediation));
    "advisory": Type::Str, "The id of the advisory." => Some(Value::text(&f.advisory));
    "source": Type::Str, "The feed of the advisory." => Some(Value::text(&f.source));
    "unimportant": Type::Bool, "Whether the publisher calls it unimportant, or it is about kernel headers." => Some(Value::Bool(f.unimportant));
});

/// The double that a person would write: 0.1 and not 0.10000000149011612.
fn widen(value: f32) -> f64 {
    value.to_string().parse().unwrap_or_else(|_| f64::from(value))
}

object!(FIX, "fix", Object::Fix(fix), {
    "available": Type::Bool, "Whether a version with the fix exists." => Some(Value::Bool(!fix.versions.is_empty()));
    "versions": strings(), "Versions that are not affected any more, lowest first." => Some(Value::texts(&fix.versions));
    "state": Type::Str, "`fixed`, `affected`, `wont-fix`, `deferred`, `under-investigation` or `not-affected`." => Some(Value::text(match fix.state {
        FixState::Fixed => "fixed",
        FixState::Affected => "affected",
        FixState::WontFix => "wont-fix",
        FixState::Deferred => "deferred",
        FixState::UnderInvestigation => "under-investigation",
        FixState::NotAffected => "not-affected",
    }));
});

object!(KEV, "kev", Object::Kev(f), {
    "listed": Type::Bool, "Whether it is in the catalogue of known exploited vulnerabilities." => Some(Value::Bool(f.enrichment.kev.is_some()));
    "added": Type::Timestamp, "When it was added." => moment(f.enrichment.kev.as_ref().map(|k| &k.added));
    "due": Type::Timestamp, "By when US agencies must act." => moment(f.enrichment.kev.as_ref().map(|k| &k.due));
    "ransomware": Type::Bool, "Whether ransomware is known to use it." => f.enrichment.kev.as_ref().map(|k| Value::Bool(k.ransomware));
});

object!(LOCATION, "location", Object::Location(f), {
    "path": Type::Str, "Path, without a leading slash." => Some(Value::text(&f.location.path));
    "layer": Type::Str, "Digest (diff_id) of the layer." => f.location.layer.map(|d| Value::owned(d.to_string()));
    "layerIndex": Type::Int, "The layer's index from the base upwards." => f.location.layer_index.and_then(int);
    "instruction": Type::Str, "The instruction that made the layer." => optional(f.location.instruction.as_ref());
    "line": Type::Int, "The line in a text file." => f.location.line.and_then(int);
});

object!(PACKAGE, "package", object @ Object::Package(world, reference, _), {
    "purl": Type::Str, "The package URL." => reference.map(|r| Value::text(&r.purl)).or_else(|| object.inventoried().map(|p| Value::owned(p.purl())));
    "name": Type::Str, "The whole name as the ecosystem writes it." => reference.map(|r| Value::text(&r.name)).or_else(|| object.inventoried().map(|p| Value::text(&p.name)));
    "version": Type::Str, "The whole version as the ecosystem writes it." => reference.map(|r| Value::text(&r.version)).or_else(|| object.inventoried().map(|p| Value::text(&p.version)));
    "ecosystem": Type::Str, "The purl type: `deb`, `apk`, `rpm`, `npm`, `pypi`, …" => match reference {
        Some(r) => r.purl.strip_prefix("pkg:").and_then(|p| p.split('/').next()).map(Value::text),
        None => object.inventoried().map(|p| Value::text(p.ecosystem.purl_type())),
    };
    "namespace": Type::Str, "The distribution's id, for operating-system packages." => object.inventoried().and_then(|p| optional(p.namespace.as_ref()));
    "distro": Type::Str, "Distribution and release, `debian-12`." => object.inventoried().and_then(|p| optional(p.distro.as_ref()));
    "architecture": Type::Str, "As the package manager writes it." => object.inventoried().and_then(|p| optional(p.architecture.as_ref()));
    "source": Type::Str, "Name of the source package; its own name where none is stated." =>
        object.inventoried().map(|p| Value::text(p.source.as_ref().map_or(&p.name, |s| &s.name)));
    "modularity": Type::Str, "RHEL module stream." => object.inventoried().and_then(|p| optional(p.modularity.as_ref()));
    "vendor": Type::Str, "Who built it." => object.inventoried().and_then(|p| optional(p.vendor.as_ref()));
    "licences": strings(), "Licences as declared: SPDX expressions, or the text as found." => object.inventoried().map(|p| Value::texts(&p.licences));
    "scope": Type::Str, "`unknown`, `runtime`, `development` or `optional`." => object.inventoried().map(|p| Value::text(match p.scope {
        Scope::Unknown => "unknown",
        Scope::Runtime => "runtime",
        Scope::Development => "development",
        Scope::Optional => "optional",
    }));
    "operatingSystem": Type::Bool, "Whether it belongs to the operating system's package manager." => object.inventoried().map(|p| Value::Bool(p.ecosystem.is_operating_system()));
    "ownedBy": Type::Str, "purl of the operating-system package that owns its files." => object.inventoried().and_then(|p| optional(p.owned_by.as_ref()));
    "containedIn": Type::Str, "purl of the package that contains it." => object.inventoried().and_then(|p| optional(p.contained_in.as_ref()));
    "path": Type::Str, "Where it was seen first." => object.inventoried().and_then(|p| p.evidence.first()).map(|e| Value::text(&e.path));
    "paths": strings(), "Everywhere it was seen." => object.inventoried().map(|p| Value::list(p.evidence.iter().map(|e| Value::text(&e.path)).collect()));
    "layerIndex": Type::Int, "Index of the layer that brought it, from the base upwards." =>
        object.inventoried().and_then(|p| p.evidence.iter().find_map(|e: &Evidence| e.layer)).and_then(int);
    "dependencies": strings(), "Names of what it needs." => object.inventoried().map(|p| Value::list(p.dependencies.iter().map(|d| Value::text(&d.name)).collect()));
    "direct": Type::Bool, "Whether no other package of the inventory needs it." => object.inventoried().map(|p| {
        let purl = p.purl();
        Value::Bool(!world.report.inventory.relationships.iter().any(|r| r.kind == RelationshipKind::DependsOn && r.to == purl))
    });
});

fn config<'a>(world: &super::World<'a>) -> Option<&'a ImageConfig> {
    let report: &'a seawall_model::Report = world.report;
    report.inventory.config.as_ref()
}

object!(IMAGE, "image", Object::Image(world), {
    "present": Type::Bool, "Whether the target is an image." => Some(Value::Bool(config(world).is_some()));
    "user": Type::Str, "`User`; empty means root." => config(world).map(|c| Value::text(&c.user));
    "runsAsRoot": Type::Bool, "Whether the user is none, `root` or 0." => config(world).map(|c| Value::Bool(runs_as_root(&c.user)));
    "env": strings(), "`Env`, as `NAME=value`." => config(world).map(|c| Value::texts(&c.env));
    "entrypoint": strings(), "`Entrypoint`." => config(world).map(|c| Value::texts(&c.entrypoint));
    "cmd": strings(), "`Cmd`." => config(world).map(|c| Value::texts(&c.cmd));
    "exposedPorts": strings(), "`ExposedPorts`, such as `8080/tcp`." => config(world).map(|c| Value::texts(&c.exposed_ports));
    "volumes": strings(), "`Volumes`." => config(world).map(|c| Value::texts(&c.volumes));
    "workingDir": Type::Str, "`WorkingDir`." => config(world).map(|c| Value::text(&c.working_dir));
    "labels": Type::map(Type::Str, Type::Str), "`Labels`." => Some(Value::map(
        config(world).map(|c| c.labels.iter().map(|(k, v)| (Value::text(k), Value::text(v))).collect()).unwrap_or_default()));
    "stopSignal": Type::Str, "`StopSignal`." => config(world).and_then(|c| optional(c.stop_signal.as_ref()));
    "healthcheck": Type::Bool, "Whether a health check is set." => config(world).map(|c| Value::Bool(c.has_healthcheck));
    "created": Type::Timestamp, "When it was made, as it states itself." => moment(config(world).and_then(|c| c.created.as_ref()));
    "author": Type::Str, "As it states itself." => config(world).and_then(|c| optional(c.author.as_ref()));
    "history": strings(), "Every instruction of the build history." => config(world).map(|c| Value::texts(&c.history));
    "layers": Type::Int, "Number of layers." => int(world.report.inventory.layers.len());
});

/// `User` may be `user`, `uid`, `user:group` or `uid:gid`.
fn runs_as_root(user: &str) -> bool {
    let name = user.split(':').next().unwrap_or_default().trim();
    name.is_empty() || name == "root" || (name.bytes().all(|b| b.is_ascii_digit()) && name.bytes().all(|b| b == b'0'))
}

fn os<'a>(world: &super::World<'a>) -> Option<&'a OperatingSystem> {
    let report: &'a seawall_model::Report = world.report;
    report.inventory.os.as_ref()
}

object!(OS, "os", Object::Os(world), {
    "present": Type::Bool, "Whether the target has an operating system." => Some(Value::Bool(os(world).is_some()));
    "id": Type::Str, "`debian`, `alpine`, `rhel`, …" => os(world).map(|o| Value::text(&o.id));
    "idLike": strings(), "What it is like." => os(world).map(|o| Value::texts(&o.id_like));
    "versionId": Type::Str, "As written; empty for rolling releases." => os(world).map(|o| Value::text(&o.version_id));
    "codename": Type::Str, "`bookworm`." => os(world).and_then(|o| optional(o.codename.as_ref()));
    "prettyName": Type::Str, "For people." => os(world).and_then(|o| optional(o.pretty_name.as_ref()));
    "variantId": Type::Str, "`VARIANT_ID`." => os(world).and_then(|o| optional(o.variant_id.as_ref()));
});

object!(TARGET, "target", Object::Target(world), {
    "kind": Type::Str, "`oci`, `registry`, `rootfs`, `dir`, `sbom`, …: the word before the colon." => Some(Value::text(world.report.inventory.target.kind.prefix()));
    "name": Type::Str, "What the user called it." => Some(Value::text(&world.report.inventory.target.name));
    "tags": strings(), "Image names that it states itself." => Some(Value::texts(&world.report.inventory.target.tags));
    "digest": Type::Str, "Digest of the image's manifest." => world.report.inventory.target.manifest_digest.map(|d| Value::owned(d.to_string()));
    "platform": Type::Str, "`linux/amd64`." => world.report.inventory.target.platform.as_ref().map(|p| Value::owned(p.to_string()));
    "size": Type::Int, "Uncompressed bytes of all layers." => world.report.inventory.target.size.and_then(int);
});

object!(DATABASE, "database", Object::Database(world), {
    "present": Type::Bool, "Whether there was an advisory database." => Some(Value::Bool(world.report.database.is_some()));
    "advisories": Type::Int, "Number of advisories in it." => world.report.database.as_ref().and_then(|d| int(d.advisories));
    "newest": Type::Timestamp, "The newest date that any of its feeds states." => moment(world.report.database.as_ref().and_then(|d| d.newest.as_ref()));
});

object!(COUNTS, "counts", Object::Counts(world), {
    "total": Type::Int, "Findings that count: neither suppressed nor unimportant." => int(world.counts.total);
    "critical": Type::Int, "Of severity critical." => int(world.counts.severities[5]);
    "high": Type::Int, "Of severity high." => int(world.counts.severities[4]);
    "medium": Type::Int, "Of severity medium." => int(world.counts.severities[3]);
    "low": Type::Int, "Of severity low." => int(world.counts.severities[2]);
    "negligible": Type::Int, "Of severity negligible." => int(world.counts.severities[1]);
    "unknown": Type::Int, "Whose severity nobody has said yet." => int(world.counts.severities[0]);
    "fixable": Type::Int, "With a fix." => int(world.counts.fixable);
    "kev": Type::Int, "Known to be exploited." => int(world.counts.kev);
    "suppressed": Type::Int, "Taken out by a VEX statement or an exception." => int(world.counts.suppressed);
    "unimportant": Type::Int, "Counted in one line only." => int(world.counts.unimportant);
    "packages": Type::Int, "Packages in the inventory." => int(world.report.inventory.packages.len());
    "unknowns": Type::Int, "Parts of the target that could not be read." => int(world.report.inventory.unknowns.len());
});

object!(UNKNOWN, "unknown", Object::Unknown(unknown), {
    "path": Type::Str, "Path, purl or layer digest." => Some(Value::text(&unknown.path));
    "kind": Type::Str, "`malformed`, `limit`, `unsupported`, `unreadable` or `not-matched`." => Some(Value::text(match unknown.kind {
        UnknownKind::Malformed => "malformed",
        UnknownKind::Limit => "limit",
        UnknownKind::Unsupported => "unsupported",
        UnknownKind::Unreadable => "unreadable",
        UnknownKind::NotMatched => "not-matched",
    }));
    "by": Type::Str, "Who could not read it." => Some(Value::text(&unknown.by));
    "reason": Type::Str, "What is wrong." => Some(Value::text(&unknown.reason));
});
