use std::io::{self, Write};

use seawall_model::{
    Enrichment, Evidence, Finding, FixStep, ImageConfig, Layer, Location, OperatingSystem, Package, Report,
    SCHEMA_VERSION, Verdict,
};

use crate::json::stream::{Members, document};
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
        document(out, |members| whole(members, report, options))
    }
}

fn whole(document: &mut Members<'_, '_>, report: &Report, options: &RenderOptions) {
    let inventory = &report.inventory;
    document
        .put("schemaVersion", SCHEMA_VERSION)
        .object("tool", |tool| {
            tool.put("name", &report.tool.name).put("version", &report.tool.version);
        })
        .put_some("created", report.created.as_ref())
        .object("target", |object| target(object, report))
        .object_some("os", inventory.os.as_ref(), |object, system| {
            os(object, system);
            object.object_some("evidence", inventory.os_evidence.as_ref(), evidence);
        })
        .objects("layers", &inventory.layers, layer)
        .object_some("config", inventory.config.as_ref(), config)
        .objects("packages", &inventory.packages, package)
        .objects("relationships", &inventory.relationships, |object, relationship| {
            object
                .put("from", &relationship.from)
                .put("kind", words::relationship(relationship.kind))
                .put("to", &relationship.to);
        });
    if !options.sbom_only {
        document.objects("findings", &report.findings, finding);
        document.object("hidden", |object| {
            object
                .put("unimportant", report.hidden.unimportant)
                .put("kernelHeaders", report.hidden.kernel_headers)
                .put("suppressed", report.hidden.suppressed);
        });
        document.object("fixPlan", |plan| {
            plan.objects("steps", &report.fix_plan.steps, step).put("removes", report.fix_plan.removes);
        });
    }
    document.objects("unknowns", &inventory.unknowns, |object, unknown| {
        object
            .put("path", &unknown.path)
            .put_some("layerIndex", unknown.layer)
            .put("kind", words::unknown(unknown.kind))
            .put("by", &unknown.by)
            .put("reason", &unknown.reason);
    });
    if !options.sbom_only {
        document.objects("notLookedFor", &report.not_looked_for, |object, one| {
            object.put("kind", one.kind.name()).put_some("part", one.part.as_ref()).put("why", words::why_not(one.why));
        });
        document.object("verdict", |object| verdict(object, &report.verdict, report.is_complete()));
        document.object_some("database", report.database.as_ref(), |object, database| {
            object
                .put("digest", &database.digest)
                .put("advisories", database.advisories)
                .put_some("newest", database.newest.as_ref());
        });
    }
}

fn target(object: &mut Members<'_, '_>, report: &Report) {
    let target = &report.inventory.target;
    object
        .put("kind", target.kind.prefix())
        .put("name", &target.name)
        .put("tags", &target.tags)
        .put_some("manifestDigest", target.manifest_digest.map(|d| d.to_string()))
        .put_some("configDigest", target.config_digest.map(|d| d.to_string()))
        .object_some("platform", target.platform.as_ref(), |object, p| {
            object.put("os", &p.os).put("architecture", &p.architecture).put_some("variant", p.variant.as_ref());
        })
        .put_some("size", target.size);
}

fn os(object: &mut Members<'_, '_>, os: &OperatingSystem) {
    object
        .put("id", &os.id)
        .put("idLike", &os.id_like)
        .put("versionId", &os.version_id)
        .put_some("codename", os.codename.as_ref())
        .put_some("prettyName", os.pretty_name.as_ref())
        .put_some("cpe", os.cpe.as_ref())
        .put_some("variantId", os.variant_id.as_ref())
        .put_filled("repositories", &os.repositories);
}

fn layer(object: &mut Members<'_, '_>, layer: &Layer) {
    object
        .put("diffId", layer.diff_id.to_string())
        .put("digest", layer.digest.to_string())
        .put("mediaType", &layer.media_type)
        .put("size", layer.size)
        .put("uncompressedSize", layer.uncompressed_size)
        .put("entries", layer.entries)
        .put_some("instruction", layer.instruction.as_ref());
    if let Some(programs) = &layer.programs {
        object.objects("programs", programs, |object, program| {
            object.put("path", &program.path).put("digest", program.digest.to_string());
        });
    }
}

fn config(object: &mut Members<'_, '_>, config: &ImageConfig) {
    object
        .put("user", &config.user)
        .put("env", &config.env)
        .put("entrypoint", &config.entrypoint)
        .put("cmd", &config.cmd)
        .put("exposedPorts", &config.exposed_ports)
        .put("volumes", &config.volumes)
        .put("workingDir", &config.working_dir)
        .objects("labels", &config.labels, |label, (name, value)| {
            label.put("name", name).put("value", value);
        })
        .put_some("stopSignal", config.stop_signal.as_ref())
        .put("hasHealthcheck", config.has_healthcheck)
        .put_some("created", config.created.as_ref())
        .put_some("author", config.author.as_ref())
        .put("history", &config.history);
}

fn package(object: &mut Members<'_, '_>, package: &Package) {
    object
        .put("purl", package.purl())
        .put("ecosystem", package.ecosystem.purl_type())
        .put("name", &package.name)
        .put("version", &package.version)
        .put_some("namespace", package.namespace.as_ref())
        .put_some("distro", package.distro.as_ref())
        .put_some("architecture", package.architecture.as_ref())
        .object_some("source", package.source.as_ref(), |object, source| {
            object.put("name", &source.name).put_some("version", source.version.as_ref());
        })
        .put_some("modularity", package.modularity.as_ref())
        .put_some("vendor", package.vendor.as_ref())
        .put("licences", &package.licences)
        .put("scope", words::scope(package.scope))
        .put_filled("checksums", &package.checksums)
        .put_some("ownedBy", package.owned_by.as_ref())
        .put_some("containedIn", package.contained_in.as_ref())
        .objects("evidence", &package.evidence, evidence);
}

fn evidence(object: &mut Members<'_, '_>, evidence: &Evidence) {
    object
        .put("path", &evidence.path)
        .put_some("layerIndex", evidence.layer)
        .put("how", words::recognition(evidence.how))
        .put("cataloger", &evidence.cataloger);
}

fn finding(object: &mut Members<'_, '_>, finding: &Finding) {
    object
        .put("id", &finding.id)
        .put("kind", finding.kind.name())
        .put("severity", finding.severity.name())
        .put("severitySource", &finding.severity_source)
        .put("title", &finding.title)
        .put("aliases", &finding.aliases)
        .object_some("package", finding.package.as_ref(), |object, p| {
            object.put("purl", &p.purl).put("name", &p.name).put("version", &p.version);
        })
        .object("location", |object| location(object, &finding.location))
        .object("fix", |object| {
            object.put("state", words::fix_state(finding.fix.state)).put("versions", &finding.fix.versions);
        })
        .put("reasons", &finding.reasons)
        .put("remediation", &finding.remediation)
        .put("advisory", &finding.advisory)
        .put("source", &finding.source)
        .object("enrichment", |object| enrichment(object, &finding.enrichment))
        .object("risk", |object| {
            object
                .put("score", finding.risk.score)
                .put("impact", finding.risk.impact)
                .put("likelihood", finding.risk.likelihood);
        })
        .put("unimportant", finding.unimportant)
        .object_some("suppressed", finding.suppressed.as_ref(), |object, s| {
            object
                .put("by", &s.by)
                .put("statement", &s.statement)
                .put("author", &s.author)
                .put_some("expires", s.expires.as_ref());
        });
}

fn location(object: &mut Members<'_, '_>, location: &Location) {
    object
        .put("path", &location.path)
        .put_some("layer", location.layer.map(|d| d.to_string()))
        .put_some("layerIndex", location.layer_index)
        .put_some("instruction", location.instruction.as_ref())
        .put_some("line", location.line);
}

fn enrichment(object: &mut Members<'_, '_>, enrichment: &Enrichment) {
    object
        .put_some("score", enrichment.score)
        .objects("cvss", &enrichment.cvss, |object, c| {
            object.put("version", &c.version).put("vector", &c.vector).put("score", c.score);
        })
        .put_some("epss", enrichment.epss)
        .put_some("epssPercentile", enrichment.epss_percentile)
        .object_some("kev", enrichment.kev.as_ref(), |object, k| {
            object.put("added", &k.added).put("due", &k.due).put("ransomware", k.ransomware);
        })
        .put("cwes", &enrichment.cwes)
        .put("references", &enrichment.references)
        .put_some("published", enrichment.published.as_ref())
        .put_some("modified", enrichment.modified.as_ref());
}

fn step(object: &mut Members<'_, '_>, step: &FixStep) {
    object
        .put("kind", words::step(step.kind))
        .put("what", &step.what)
        .put("from", &step.from)
        .put("to", &step.to)
        .put("how", &step.how)
        .put("removes", &step.removes)
        .put("risk", step.risk);
}

fn verdict(object: &mut Members<'_, '_>, verdict: &Verdict, complete: bool) {
    object
        .put("outcome", words::outcome(verdict.outcome))
        .put("policy", &verdict.policy)
        .put("complete", complete)
        .put("acceptsUnknowns", verdict.accepts_unknowns)
        .objects("reasons", &verdict.reasons, |object, reason| {
            object
                .put("rule", &reason.rule)
                .put("outcome", words::outcome(reason.outcome))
                .put("message", &reason.message)
                .put("subjects", &reason.subjects);
        });
}
