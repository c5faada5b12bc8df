#!/usr/bin/env python3
"""Compare Seawall's package lists with another tool's, and explain every difference.

usage: compare.py EXPLANATIONS OUT NAME=OURS.json=THEIRS.json...

OURS is `seawall sbom -o json`, THEIRS `syft -o json` or `trivy -f json`. Packages are compared as (type, name, version).
OUT gets result.txt: one line for each package that only one side has, with its reason. A difference that no rule
explains, or a union of which under 99 % is ours, ends with 1.
"""
import json
import re
import sys
from urllib.parse import unquote


def key(purl):
    """(type, name, version) of a purl, written as its type's specification says."""
    kind, _, rest = purl.removeprefix("pkg:").partition("/")
    # Go: the tail of a module's path may stand in the subpath (`#v2`); it belongs to the name.
    rest, _, subpath = rest.partition("#")
    rest = rest.partition("?")[0]
    name, _, version = rest.rpartition("@") if "@" in rest.split("/")[-1] else (rest, "", "")
    name, version = unquote(name), unquote(version)
    if kind == "golang":
        name = (name + "/" + subpath if subpath else name).lower()
        version = version.removeprefix("v")
    if kind == "pypi":
        name = re.sub(r"[-_.]+", "-", name).lower()
    if kind in ("deb", "apk", "rpm", "alpm"):
        name = name.split("/")[-1]
        # An epoch stands in the version or in a qualifier.
        version = version.split(":", 1)[-1]
    return kind, name, version


def ours(document):
    for package in document["packages"]:
        paths = [e["path"] for e in package.get("evidence", [])] or [""]
        yield key(package["purl"]), paths[0], package


def theirs(document):
    if "artifacts" in document:
        for artifact in document["artifacts"]:
            paths = [place["path"].lstrip("/") for place in artifact["locations"]] or [""]
            purl = artifact.get("purl") or f"pkg:generic/{artifact['name']}@{artifact['version']}"
            yield key(purl), paths[0], artifact
        return
    for result in document.get("Results", []):
        for package in result.get("Packages", []):
            purl = package.get("Identifier", {}).get("PURL")
            if purl:
                yield key(purl), package.get("FilePath") or result["Target"], package


def rules(path):
    """Lines `side | type | regex over "name version path" | explanation | counts`; `counts` is yes where the package is real."""
    found = []
    for line in open(path, encoding="utf-8"):
        if line.strip() and not line.startswith("#"):
            side, kind, pattern, counts, why = (part.strip() for part in line.split(" | ", 4))
            found.append((side, kind, re.compile(pattern), counts == "counts", why))
    return found


def main():
    explanations, out, *pairs = sys.argv[1:]
    known = rules(explanations)
    failed = False
    with open(out + "/result.txt", "w", encoding="utf-8") as result:
        def say(line):
            print(line)
            result.write(line + "\n")
        for pair in pairs:
            name, mine, other = pair.split("=")
            a = {k: path for k, path, _ in ours(json.load(open(mine, encoding="utf-8")))}
            b = {k: path for k, path, _ in theirs(json.load(open(other, encoding="utf-8")))}
            real_missing, real_union, unexplained, lines = 0, len(a), 0, []
            for side, left, right in (("ours", a, b), ("theirs", b, a)):
                for package in sorted(set(left) - set(right)):
                    text = f"{package[1]} {package[2]} {left[package]}"
                    hit = next((r for r in known if r[0] == side and r[1] in ("*", package[0]) and r[2].search(text)), None)
                    if side == "theirs" and (hit is None or hit[3]):
                        real_missing += 1
                        real_union += 1
                    unexplained += hit is None
                    lines.append(f"  {side} only: {package[0]} {text}: {hit[4] if hit else 'NOT EXPLAINED'}")
            share = 100 * (real_union - real_missing) / max(real_union, 1)
            say(f"{name}: ours {len(a)}, theirs {len(b)}, both {len(set(a) & set(b))}, {share:.1f} % of the real union")
            for line in lines:
                say(line)
            failed |= unexplained > 0 or share < 99
    sys.exit(failed)


main()
