//! VEX statements against findings: who is covered by which statement.

use seawall_decide::apply_vex;
use seawall_model::{Ecosystem, Finding, Inventory, Package, VexStatement, VexStatus};

fn inventory() -> Inventory {
    let mut inventory: Inventory = serde_json::from_value(serde_json::json!({
        "target": {
            "kind": "registry", "name": "registry.example/team/app:1.2", "tags": [], "manifestDigest": format!("sha256:{}", "a".repeat(64)),
            "configDigest": null, "platform": { "os": "linux", "architecture": "amd64", "variant": null }, "size": null
        },
        "os": {
            "id": "rhel", "idLike": [], "versionId": "8.9", "codename": null, "prettyName": null,
            "cpe": "cpe:/o:redhat:enterprise_linux:8::baseos", "variantId": null, "repositories": []
        },
        "layers": [], "config": null, "packages": [], "relationships": [], "unknowns": []
    }))
    .expect("an inventory");
    let program = Package::new(Ecosystem::Golang, "example.org/tool", "v1.0.0");
    let mut helm = Package::new(Ecosystem::Golang, "helm.sh/helm/v3", "v3.1.0");
    helm.contained_in = Some(program.purl());
    inventory.packages = vec![program, helm];
    inventory
}

fn finding(id: &str, purl: &str) -> Finding {
    serde_json::from_value(serde_json::json!({
        "id": id, "kind": "vulnerability", "severity": "high", "severitySource": "", "title": id, "aliases": ["GHSA-1"],
        "package": { "purl": purl, "name": "n", "version": "1" },
        "location": { "path": "", "layer": null, "layerIndex": null, "instruction": null, "line": null },
        "fix": { "state": "affected", "versions": [] }, "reasons": [], "remediation": "", "advisory": "RHSA-1", "source": "",
        "enrichment": { "score": null, "cvss": [], "epss": null, "epssPercentile": null, "kev": null, "cwes": [], "references": [], "published": null, "modified": null },
        "risk": { "score": 0.0, "impact": 0.0, "likelihood": 0.0 }, "unimportant": false
    }))
    .expect("a finding")
}

fn statement(id: &str, product: &str, subcomponent: &str, status: VexStatus, timestamp: &str) -> VexStatement {
    let list = |text: &str| if text.is_empty() { Vec::new() } else { vec![text.to_owned()] };
    VexStatement {
        vulnerabilities: vec![id.to_owned()],
        products: list(product),
        subcomponents: list(subcomponent),
        status,
        justification: "why".to_owned(),
        author: "Example".to_owned(),
        document: "doc".to_owned(),
        timestamp: timestamp.to_owned(),
    }
}

fn covered(purl: &str, statements: &[VexStatement]) -> bool {
    let mut findings = [finding("CVE-1", purl)];
    apply_vex(&mut findings, statements, &inventory());
    findings[0].suppressed.is_some()
}

const HELM: &str = "pkg:golang/helm.sh/helm/v3@v3.1.0";
const CURL: &str = "pkg:rpm/rhel/libcurl@7.61-33?arch=x86_64&upstream=curl";

#[test]
fn statements_cover_what_they_name() {
    for (id, product, subcomponent, purl, expected) in [
        // The image, by repository, tag and digest, and what is in it.
        ("CVE-1", "pkg:oci/app?repository_url=registry.example/team/app", "", HELM, true),
        (
            "CVE-1",
            "pkg:oci/app?repository_url=registry.example/team/app&tag=1.2",
            "pkg:golang/helm.sh/helm/v3",
            HELM,
            true,
        ),
        ("CVE-1", "pkg:oci/app?repository_url=registry.example/team/app", "pkg:golang/helm.sh/helm/v2", HELM, false),
        ("CVE-1", "pkg:oci/app?repository_url=registry.example/team/other", "", HELM, false),
        ("CVE-1", "pkg:oci/app@sha256%3Abbbb", "", HELM, false),
        // By alias and by advisory; not another vulnerability.
        ("GHSA-1", HELM, "", HELM, true),
        ("RHSA-1", HELM, "", HELM, true),
        ("CVE-2", HELM, "", HELM, false),
        // The package itself, and one that contains it.
        ("CVE-1", "pkg:golang/helm.sh/helm/v3", "", HELM, true),
        ("CVE-1", "pkg:golang/example.org/tool", "", HELM, true),
        ("CVE-1", "pkg:golang/example.org/tool", "pkg:golang/helm.sh/helm/v3", HELM, true),
        ("CVE-1", "pkg:golang/example.org/other", "pkg:golang/helm.sh/helm/v3", HELM, false),
        // A product of which this package is a part: the part alone does not say that the product is here.
        ("CVE-1", HELM, "pkg:golang/helm.sh/helm/v3", HELM, false),
        // The operating system, by CPE, and a package built from a source package.
        ("CVE-1", "cpe:/o:redhat:enterprise_linux:8", "pkg:rpm/redhat/curl?arch=src", CURL, true),
        ("CVE-1", "cpe:/o:redhat:enterprise_linux:9", "pkg:rpm/redhat/curl?arch=src", CURL, false),
        ("CVE-1", "cpe:/o:redhat:enterprise_linux:8", "pkg:rpm/redhat/libcurl@7.61-33?arch=x86_64", CURL, true),
        ("CVE-1", "cpe:/o:redhat:enterprise_linux:8", "pkg:rpm/redhat/libcurl@7.61-34?arch=x86_64", CURL, false),
        ("CVE-1", "pkg:deb/debian/helm", "", HELM, false),
    ] {
        let statement = statement(id, product, subcomponent, VexStatus::NotAffected, "2026-01-01T00:00:00Z");
        assert_eq!(covered(purl, &[statement]), expected, "{id} {product} {subcomponent}");
    }
}

#[test]
fn the_latest_statement_counts() {
    let say = |status, timestamp| statement("CVE-1", "pkg:golang/helm.sh/helm/v3", "", status, timestamp);
    let (not, affected) = (VexStatus::NotAffected, VexStatus::Affected);
    let (early, late) = ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z");
    assert!(covered(HELM, &[say(affected, early), say(not, late)]));
    assert!(covered(HELM, &[say(not, late), say(affected, early)]));
    assert!(!covered(HELM, &[say(not, early), say(affected, late)]));
    assert!(!covered(HELM, &[say(affected, late), say(not, early)]));
    assert!(covered(HELM, &[say(affected, early), say(not, early)]), "of equals the last");
    assert!(!covered(HELM, &[say(affected, early), say(not, "")]), "one without a time is the oldest");
    assert!(!covered(HELM, &[say(VexStatus::UnderInvestigation, early)]));
    assert!(covered(HELM, &[say(VexStatus::Fixed, early)]));
}

#[test]
fn the_mark_says_who_and_why() {
    let mut findings = [finding("CVE-1", HELM)];
    apply_vex(&mut findings, &[statement("CVE-1", HELM, "", VexStatus::NotAffected, "")], &inventory());
    let by = findings[0].suppressed.clone().expect("it is covered");
    assert_eq!(
        (by.by.as_str(), by.statement.as_str(), by.author.as_str()),
        ("vex", "not_affected: why", "Example (doc)")
    );
}
