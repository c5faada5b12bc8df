use std::io::{self, Write};

use seawall_model::{Evidence, Finding, Layer, Location, Package, Report, SCHEMA_VERSION};

use crate::json::{Object, Value, not_looked_for};
use crate::{Format, RenderOptions, words};

/// Seawall's own JSON, docs/reference/report.schema.json.
pub(crate) struct Json;

impl Format for Json {
    fn id(&self) -> &'static str {
        "json"
    }

    fn about(&self) -> &'static str {
        "everything that is known, for scripts; docs/reference/report.schema.json says the shape"
    }

    fn specification(&self) -> &'static str {
        ""
    }

    fn media_type(&self) -> &'static str {
        "application/json"
    }

    fn file_extension(&self) -> &'static str {
        "json"
    }

    fn render(&self, report: &Report, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        document(report, options).write(out)
    }
}

fn document(report: &Report, options: &RenderOptions) -> Value {
    let inventory = &report.inventory;
    let mut document = Object::new()
        .put("schemaVersion", SCHEMA_VERSION)
        .put("tool", Object::new().put("name", &report.tool.name).put("version", &report.tool.version))
        .put_some("created", report.created.as_ref())
        .put("target", target(report))
        .put_some("os", os(report))
        .put("layers", inventory.layers.iter().map(layer).collect::<Vec<_>>())
        .put_some("config", config(report))
        .put("packages", inventory.packages.iter().map(package).collect::<Vec<_>>())
        .put("relationships", relationships(report));
    if !options.sbom_only {
        let steps = report.fix_plan.steps.iter().map(|step| {
            Object::new()
                .put("kind", words::step(step.kind))
                .put("what", &step.what)
                .put("from", &step.from)
                .put("to", &step.to)
                .put("how", &step.how)
                .put("removes", &step.removes)
                .put("risk", step.risk)
        });
        let hidden = Object::new()
            .put("unimportant", report.hidden.unimportant)
            .put("kernelHeaders", report.hidden.kernel_headers)
            .put("suppressed", report.hidden.suppressed);
        let plan = Object::new().put("steps", steps.collect::<Vec<_>>()).put("removes", report.fix_plan.removes);
        document = document
            .put("findings", report.findings.iter().map(finding).collect::<Vec<_>>())
            .put("hidden", hidden)
            .put("fixPlan", plan);
    }
    let unknowns = inventory.unknowns.iter().map(|unknown| {
        Object::new()
            .put("path", &unknown.path)
            .put_some("layerIndex", unknown.layer)
            .put("kind", words::unknown(unknown.kind))
            .put("by", &unknown.by)
            .put("reason", &unknown.reason)
    });
    document = document.put("unknowns", unknowns.collect::<Vec<_>>());
    if !options.sbom_only {
        document = document
            .put("notLookedFor", report.not_looked_for.iter().map(not_looked_for).collect::<Vec<_>>())
            .put("verdict", verdict(report))
            .put_some("database", database(report));
    }
    document.into()
}

fn target(report: &Report) -> Object {
    let target = &report.inventory.target;
    let platform = target.platform.as_ref().map(|p| {
        Object::new().put("os", &p.os).put("architecture", &p.architecture).put_some("variant", p.variant.as_ref())
    });
    Object::new()
        .put("kind", target.kind.prefix())
        .put("name", &target.name)
        .put("tags", &target.tags)
        .put_some("manifestDigest", target.manifest_digest.map(|d| d.to_string()))
        .put_some("configDigest", target.config_digest.map(|d| d.to_string()))
        .put_some("platform", platform)
        .put_some("size", target.size)
}

fn os(report: &Report) -> Option<Object> {
    let os = report.inventory.os.as_ref()?;
    Some(
        Object::new()
            .put("id", &os.id)
            .put("idLike", &os.id_like)
            .put("versionId", &os.version_id)
            .put_some("codename", os.codename.as_ref())
            .put_some("prettyName", os.pretty_name.as_ref())
            .put_some("cpe", os.cpe.as_ref())
            .put_some("variantId", os.variant_id.as_ref())
            .put_filled("repositories", &os.repositories)
            .put_some("evidence", report.inventory.os_evidence.as_ref().map(evidence)),
    )
}

fn layer(layer: &Layer) -> Object {
    Object::new()
        .put("diffId", layer.diff_id.to_string())
        .put("digest", layer.digest.to_string())
        .put("mediaType", &layer.media_type)
        .put("size", layer.size)
        .put("uncompressedSize", layer.uncompressed_size)
        .put("entries", layer.entries)
        .put_some("instruction", layer.instruction.as_ref())
}

fn config(report: &Report) -> Option<Object> {
    let config = report.inventory.config.as_ref()?;
    let labels = config.labels.iter().map(|(k, v)| Object::new().put("name", k).put("value", v)).collect::<Vec<_>>();
    Some(
        Object::new()
            .put("user", &config.user)
            .put("env", &config.env)
            .put("entrypoint", &config.entrypoint)
            .put("cmd", &config.cmd)
            .put("exposedPorts", &config.exposed_ports)
            .put("volumes", &config.volumes)
            .put("workingDir", &config.working_dir)
            .put("labels", labels)
            .put_some("stopSignal", config.stop_signal.as_ref())
            .put("hasHealthcheck", config.has_healthcheck)
            .put_some("created", config.created.as_ref())
            .put_some("author", config.author.as_ref())
            .put("history", &config.history),
    )
}

fn package(package: &Package) -> Object {
    let source = package
        .source
        .as_ref()
        .map(|source| Object::new().put("name", &source.name).put_some("version", source.version.as_ref()));
    Object::new()
        .put("purl", package.purl())
        .put("ecosystem", package.ecosystem.purl_type())
        .put("name", &package.name)
        .put("version", &package.version)
        .put_some("namespace", package.namespace.as_ref())
        .put_some("distro", package.distro.as_ref())
        .put_some("architecture", package.architecture.as_ref())
        .put_some("source", source)
        .put_some("modularity", package.modularity.as_ref())
        .put_some("vendor", package.vendor.as_ref())
        .put("licences", &package.licences)
        .put("scope", words::scope(package.scope))
        .put_filled("checksums", &package.checksums)
        .put_some("ownedBy", package.owned_by.as_ref())
        .put_some("containedIn", package.contained_in.as_ref())
        .put("evidence", package.evidence.iter().map(evidence).collect::<Vec<_>>())
}

fn evidence(evidence: &Evidence) -> Object {
    Object::new()
        .put("path", &evidence.path)
        .put_some("layerIndex", evidence.layer)
        .put("how", words::recognition(evidence.how))
        .put("cataloger", &evidence.cataloger)
}

fn relationships(report: &Report) -> Vec<Object> {
    let one = |relationship: &seawall_model::Relationship| {
        Object::new()
            .put("from", &relationship.from)
            .put("kind", words::relationship(relationship.kind))
            .put("to", &relationship.to)
    };
    report.inventory.relationships.iter().map(one).collect()
}

fn finding(finding: &Finding) -> Object {
    let package = finding
        .package
        .as_ref()
        .map(|p| Object::new().put("purl", &p.purl).put("name", &p.name).put("version", &p.version));
    let fix = Object::new().put("state", words::fix_state(finding.fix.state)).put("versions", &finding.fix.versions);
    let risk = Object::new()
        .put("score", finding.risk.score)
        .put("impact", finding.risk.impact)
        .put("likelihood", finding.risk.likelihood);
    let suppressed = finding.suppressed.as_ref().map(|s| {
        Object::new()
            .put("by", &s.by)
            .put("statement", &s.statement)
            .put("author", &s.author)
            .put_some("expires", s.expires.as_ref())
    });
    Object::new()
        .put("id", &finding.id)
        .put("kind", finding.kind.name())
        .put("severity", finding.severity.name())
        .put("severitySource", &finding.severity_source)
        .put("title", &finding.title)
        .put("aliases", &finding.aliases)
        .put_some("package", package)
        .put("location", location(&finding.location))
        .put("fix", fix)
        .put("reasons", &finding.reasons)
        .put("remediation", &finding.remediation)
        .put("advisory", &finding.advisory)
        .put("source", &finding.source)
        .put("enrichment", enrichment(finding))
        .put("risk", risk)
        .put("unimportant", finding.unimportant)
        .put_some("suppressed", suppressed)
}

fn location(location: &Location) -> Object {
    Object::new()
        .put("path", &location.path)
        .put_some("layer", location.layer.map(|d| d.to_string()))
        .put_some("layerIndex", location.layer_index)
        .put_some("instruction", location.instruction.as_ref())
        .put_some("line", location.line)
}

fn enrichment(finding: &Finding) -> Object {
    let enrichment = &finding.enrichment;
    let cvss = enrichment
        .cvss
        .iter()
        .map(|c| Object::new().put("version", &c.version).put("vector", &c.vector).put("score", c.score));
    let kev = enrichment
        .kev
        .as_ref()
        .map(|k| Object::new().put("added", &k.added).put("due", &k.due).put("ransomware", k.ransomware));
    Object::new()
        .put_some("score", enrichment.score)
        .put("cvss", cvss.collect::<Vec<_>>())
        .put_some("epss", enrichment.epss)
        .put_some("epssPercentile", enrichment.epss_percentile)
        .put_some("kev", kev)
        .put("cwes", &enrichment.cwes)
        .put("references", &enrichment.references)
        .put_some("published", enrichment.published.as_ref())
        .put_some("modified", enrichment.modified.as_ref())
}

fn verdict(report: &Report) -> Object {
    let verdict = &report.verdict;
    let reasons = verdict.reasons.iter().map(|reason| {
        Object::new()
            .put("rule", &reason.rule)
            .put("outcome", words::outcome(reason.outcome))
            .put("message", &reason.message)
            .put("subjects", &reason.subjects)
    });
    Object::new()
        .put("outcome", words::outcome(verdict.outcome))
        .put("policy", &verdict.policy)
        .put("complete", report.is_complete())
        .put("acceptsUnknowns", verdict.accepts_unknowns)
        .put("reasons", reasons.collect::<Vec<_>>())
}

fn database(report: &Report) -> Option<Object> {
    let database = report.database.as_ref()?;
    Some(
        Object::new()
            .put("digest", &database.digest)
            .put("advisories", database.advisories)
            .put_some("newest", database.newest.as_ref()),
    )
}
