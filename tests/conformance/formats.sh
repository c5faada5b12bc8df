#!/bin/sh
# Reads rendered reports back with other people's tools.
#
#   tests/conformance/formats.sh [FOLDER]
#
# FOLDER holds files as `cargo run -p seawall-report --example render-sample -- FOLDER` names them; without one they are
# rendered first. The tools come from the Python package index into a virtual environment below target/; where that
# cannot be reached the script says so and exits 77, which `make test` counts as skipped.
#
# In the Makefile:
#   test: …
#   	tests/conformance/formats.sh || [ $$? -eq 77 ]
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
folder=${1:-}
if [ -z "$folder" ]; then
    folder=$target/formats
    rm -rf "$folder"
    (cd "$root" && cargo run --quiet -p seawall-report --example render-sample -- "$folder")
fi

skip() {
    echo "SKIPPED: tests/conformance/formats.sh: $1" >&2
    exit 77
}

command -v python3 >/dev/null || skip "python3 is absent"
venv=$target/conformance-venv
wanted='cyclonedx-python-lib[validation]>=11,<12 spdx-tools>=0.8,<0.9 sarif-tools>=3,<4 junitparser>=3 lxml>=5'
if [ "$(cat "$venv/wanted" 2>/dev/null || true)" != "$wanted" ]; then
    rm -rf "$venv"
    python3 -m venv "$venv" 2>/dev/null || skip "python3 -m venv does not work here (Debian package python3-venv)"
    # shellcheck disable=SC2086 # one word per requirement
    "$venv/bin/pip" install --quiet --disable-pip-version-check --retries 1 --timeout 20 $wanted ||
        skip "the Python package index cannot be reached"
    echo "$wanted" >"$venv/wanted"
fi

"$venv/bin/python" "$root/tests/conformance/formats.py" "$folder"

# vexctl reads OpenVEX; it is used where it is installed.
if command -v vexctl >/dev/null; then
    for file in "$folder"/*.openvex.json; do
        [ -e "$file" ] || continue
        vexctl list "$file" >/dev/null || { echo "FAILED: vexctl list $file" >&2; exit 1; }
    done
    echo "vexctl: OpenVEX read"
else
    echo "SKIPPED: vexctl is absent, OpenVEX is checked against its schema only" >&2
fi
