"""Reads rendered reports back with the tools of each format; run by formats.sh, which installs them."""

import html.parser
import json
import pathlib
import sys

from cyclonedx.model.bom import Bom
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from cyclonedx.validation.xml import XmlValidator
from junitparser import JUnitXml
from lxml import etree
from sarif import loader
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

failures = []
done = {}


def expect(file, holds, what):
    if not holds:
        failures.append(f"{file.name}: {what}")


def facts(folder, file):
    """Packages and findings as our own JSON of the same case has them."""
    case = file.name.split(".")[0]
    own = json.loads((folder / f"{case}.json.json").read_text("utf-8"))
    return own["packages"], own.get("findings", []), own


def cyclonedx_json(folder, file):
    text = file.read_text("utf-8")
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    expect(file, error is None, error)
    cyclonedx(folder, file, Bom.from_json(json.loads(text)))


def cyclonedx_xml(folder, file):
    text = file.read_text("utf-8")
    error = XmlValidator(SchemaVersion.V1_6).validate_str(text)
    expect(file, error is None, error)
    from defusedxml import ElementTree

    cyclonedx(folder, file, Bom.from_xml(ElementTree.fromstring(text)))


def cyclonedx(folder, file, bom):
    packages, findings, _ = facts(folder, file)
    purls = {str(c.bom_ref.value) for c in bom.components}
    expect(file, {p["purl"] for p in packages} <= purls, "a package is missing")
    expect(file, len(bom.vulnerabilities) == len(findings), "another number of vulnerabilities")
    known = purls | {bom.metadata.component.bom_ref.value}
    for vulnerability in bom.vulnerabilities:
        for target in vulnerability.affects:
            expect(file, target.ref in known, f"{vulnerability.id} affects something that is not there")


def spdx(folder, file):
    packages, _, own = facts(folder, file)
    document = parse_file(str(file))
    for message in validate_full_spdx_document(document):
        expect(file, False, message.validation_message)
    extra = 2 if "os" in own else 1
    expect(file, len(document.packages) == len(packages) + extra, "another number of packages")


def sarif(folder, file):
    _, findings, _ = facts(folder, file)
    data = loader.load_sarif_file(str(file))
    expect(file, len(data.get_results()) == len(findings), "another number of results")
    for run in json.loads(file.read_text("utf-8"))["runs"]:
        prints = [json.dumps(r["partialFingerprints"], sort_keys=True) for r in run["results"]]
        expect(file, len(prints) == len(set(prints)), "two results share their fingerprints")


def junit(folder, file):
    _, findings, own = facts(folder, file)
    suites = JUnitXml.fromfile(str(file))
    cases = [case for suite in suites for case in suite]
    expect(file, suites.tests == len(cases), "the number of tests is not that of the cases")
    verdicts = 1 if "verdict" in own else 0
    # Kinds of findings that were not looked for are one case together.
    kinds = 1 if own.get("notLookedFor") else 0
    expect(file, len(cases) == len(findings) + len(own["unknowns"]) + kinds + verdicts, "another number of cases")
    etree.fromstring(file.read_bytes())


def openvex(folder, file):
    document = json.loads(file.read_text("utf-8"))
    for statement in document["statements"]:
        expect(file, statement["status"] in {"affected", "not_affected", "fixed", "under_investigation"}, "a status")


class Page(html.parser.HTMLParser):
    """Elements must nest, and nothing may be loaded or run that is not ours."""

    VOID = {"meta", "input", "br"}

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.rows, self.faults = [], 0, []

    def handle_starttag(self, tag, attrs):
        names = dict(attrs)
        if tag not in self.VOID:
            self.open.append(tag)
        self.rows += tag == "tr" and "data-severity" in names
        for name, value in attrs:
            if name in {"src", "style", "srcset"} or name.startswith("on"):
                self.faults.append(f"attribute {name}={value}")
            if name == "href" and not value.startswith(("https://", "http://", "#")):
                self.faults.append(f"link to {value}")
        if tag in {"img", "iframe", "object", "embed", "link", "base", "form"}:
            self.faults.append(f"element {tag}")

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes something else")


def page(folder, file):
    _, findings, _ = facts(folder, file)
    reader = Page()
    reader.feed(file.read_text("utf-8"))
    reader.close()
    for fault in reader.faults:
        expect(file, False, fault)
    expect(file, not reader.open, f"left open: {reader.open}")
    expect(file, reader.rows == len(findings), "another number of findings")


CHECKS = [
    (".cyclonedx-json.", cyclonedx_json),
    (".cyclonedx-xml.", cyclonedx_xml),
    (".spdx-json.", spdx),
    (".spdx-tag-value.", spdx),
    (".sarif.", sarif),
    (".junit.", junit),
    (".openvex.", openvex),
    (".html.", page),
]


def main():
    folder = pathlib.Path(sys.argv[1])
    for file in sorted(folder.iterdir()):
        for mark, check in CHECKS:
            if mark in file.name:
                try:
                    check(folder, file)
                except Exception as error:  # a reader that gives up is a finding about us
                    expect(file, False, f"{type(error).__name__}: {error}")
                done[check.__name__] = done.get(check.__name__, 0) + 1
    for failure in failures:
        print(f"FAILED: {failure}"[:600], file=sys.stderr)
    missing = {check.__name__ for _, check in CHECKS} - done.keys()
    if missing:
        print(f"FAILED: nothing to read for {sorted(missing)}", file=sys.stderr)
    print("read back:", ", ".join(f"{name} {number}" for name, number in sorted(done.items())))
    sys.exit(bool(failures or missing))


main()
