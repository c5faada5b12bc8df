//! Red Hat's [Security Data API](https://docs.redhat.com/en/documentation/red_hat_security_data_api/), one JSON
//! document a CVE.

use seawall_model::{Advisory, FixState, Severity};
use serde::Deserialize;

use super::common::{add_cvss, add_cwes, add_row, finish, fixed_row, is_cve, is_named, json, row, title, whole_row};
use super::text::{List, Text};
use super::{Sink, Source, SourceError};
use crate::streams::redhat_stream;

/// Red Hat's CVE documents.
#[derive(Debug)]
pub(super) struct RedHatCves;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Cve<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    threat_severity: Text<'a>,
    #[serde(borrow)]
    public_date: Text<'a>,
    #[serde(borrow)]
    bugzilla: Option<Bugzilla<'a>>,
    #[serde(borrow)]
    cvss: Option<Cvss2<'a>>,
    #[serde(borrow)]
    cvss3: Option<Cvss3<'a>>,
    #[serde(borrow)]
    cwe: Text<'a>,
    #[serde(borrow)]
    details: List<Text<'a>>,
    #[serde(borrow)]
    references: List<Text<'a>>,
    #[serde(borrow)]
    affected_release: List<Release<'a>>,
    #[serde(borrow)]
    package_state: List<State<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Bugzilla<'a> {
    #[serde(borrow)]
    description: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Cvss2<'a> {
    #[serde(borrow)]
    cvss_scoring_vector: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Cvss3<'a> {
    #[serde(borrow)]
    cvss3_scoring_vector: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Release<'a> {
    #[serde(borrow)]
    advisory: Text<'a>,
    #[serde(borrow)]
    cpe: Text<'a>,
    #[serde(borrow)]
    package: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct State<'a> {
    #[serde(borrow)]
    cpe: Text<'a>,
    #[serde(borrow)]
    fix_state: Text<'a>,
    #[serde(borrow)]
    package_name: Text<'a>,
}

impl Source for RedHatCves {
    fn id(&self) -> &'static str {
        "redhat-cve"
    }

    fn about(&self) -> &'static str {
        "Red Hat's word on each CVE: errata that fix it, and the state of packages without a fix."
    }

    fn docs(&self) -> &'static str {
        "https://docs.redhat.com/en/documentation/red_hat_security_data_api/"
    }

    fn recognises(&self, container: &str) -> bool {
        is_named(container, &["redhat-cve-api-json", "redhat-cve"])
    }

    fn read(&self, member: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), SourceError> {
        let cve: Cve<'_> = json(bytes)?;
        if !is_cve(&cve.name) {
            return Err(SourceError::Incomplete("no CVE id"));
        }
        let mut advisory = Advisory::new(&*cve.name, self.id());
        let headline = cve.bugzilla.as_ref().map_or("", |b| &b.description);
        advisory.title = title(if headline.is_empty() { cve.details.first().map_or("", |d| d) } else { headline });
        advisory.severity = Severity::from_word(&cve.threat_severity).unwrap_or_default();
        advisory.published = cve.public_date.to_string();
        add_cwes(&mut advisory.cwes, &cve.cwe);
        add_cvss(&mut advisory.cvss, cve.cvss3.as_ref().map_or("", |c| &c.cvss3_scoring_vector));
        add_cvss(&mut advisory.cvss, cve.cvss.as_ref().map_or("", |c| &c.cvss_scoring_vector));
        advisory.references = cve.references.iter().flat_map(|r| r.lines()).map(str::to_owned).collect();
        for release in &cve.affected_release {
            fixed(release, &mut advisory, member, sink);
        }
        for state in &cve.package_state {
            unfixed(state, &mut advisory, member, sink);
        }
        sink.advisory(finish(advisory));
        Ok(())
    }
}

fn fixed(release: &Release<'_>, advisory: &mut Advisory, member: &str, sink: &mut dyn Sink) {
    let package = &*release.package;
    // Without a package the erratum is of a whole product (text only); with a folder it is of a container image.
    if package.is_empty() || package.contains('/') {
        return;
    }
    let Some(stream) = stream_of(&release.cpe) else {
        sink.unknown(member, format!("{}: no stream for `{}`", advisory.id, &*release.cpe));
        return;
    };
    let mut parts = package.rsplitn(3, '-');
    let mut added = match (parts.next(), parts.next(), parts.next()) {
        (Some(of_release), Some(version), Some(name)) if !name.contains(':') => {
            fixed_row(stream, name, &format!("{version}-{of_release}"))
        }
        // A module build, `php:7.3-8020020200715124551.ceb1cf90`: its packages are not listed. The row says that there
        // is a fix, and matches no version.
        _ => match package.split_once(':') {
            Some((name, rest)) if !name.contains('-') || rest.contains('-') => {
                let mut module = row(stream, name, FixState::Fixed);
                module.module = Some(format!("{name}:{}", rest.rsplit_once('-').map_or(rest, |(s, _)| s)));
                module
            }
            // Products other than the distribution are fixed as a whole; the name is of a part of them, not of an rpm.
            // Live patches are for running kernels, which no image has.
            _ if !is_distribution(&stream) || package == "kpatch-patch" => return,
            _ => {
                sink.unknown(member, format!("{}: package `{package}` has no version", advisory.id));
                return;
            }
        },
    };
    added.fixed_by = Some(release.advisory.to_string()).filter(|a| !a.is_empty());
    add_row(&mut advisory.affected, added);
}

fn unfixed(state: &State<'_>, advisory: &mut Advisory, member: &str, sink: &mut dyn Sink) {
    let Some(stream) = stream_of(&state.cpe) else {
        sink.unknown(member, format!("{}: no stream for `{}`", advisory.id, &*state.cpe));
        return;
    };
    let fix_state = match &*state.fix_state {
        "Not affected" => FixState::NotAffected,
        "Affected" | "Fix available" => FixState::Affected,
        "Will not fix" | "Out of support scope" => FixState::WontFix,
        "Fix deferred" => FixState::Deferred,
        "Under investigation" | "New" => FixState::UnderInvestigation,
        other => {
            sink.unknown(member, format!("{}: fix state `{other}`", advisory.id));
            return;
        }
    };
    let (module, name) = match state.package_name.split_once('/') {
        Some((module, name)) if module.contains(':') => (Some(module.to_owned()), name),
        Some(_) => return, // A container image.
        None => (None, &*state.package_name),
    };
    if name.is_empty() {
        return;
    }
    // A package that one erratum fixed and whose state was not taken back: the fix is the better word.
    let is_fixed = |r: &seawall_model::Affected| {
        r.stream == stream && r.name == name && r.module == module && r.state == FixState::Fixed
    };
    if advisory.affected.iter().any(is_fixed) {
        return;
    }
    let mut added = whole_row(stream, name, fix_state);
    added.module = module;
    add_row(&mut advisory.affected, added);
}

/// The stream of a CPE; `None` for what is no CPE.
fn stream_of(cpe: &str) -> Option<String> {
    redhat_stream(cpe).filter(|_| cpe.starts_with("cpe:"))
}

/// Whether a stream is the distribution itself (`redhat:8`) rather than another product (`redhat:openshift:4.12`).
fn is_distribution(stream: &str) -> bool {
    stream.strip_prefix("redhat:").is_some_and(|version| version.bytes().all(|b| b.is_ascii_digit()))
}
