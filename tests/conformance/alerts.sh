#!/bin/sh
# Delivers alerts in each format to files and to a receiver on loopback, and reads them back with other people's tools.
#
#   tests/conformance/alerts.sh
#
# The tools come from the Python package index into a virtual environment below target/; where that cannot be reached the
# script says so and exits 77, which `make test` counts as skipped.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}

skip() {
    echo "SKIPPED: tests/conformance/alerts.sh: $1" >&2
    exit 77
}

command -v python3 >/dev/null || skip "python3 is absent"
venv=$target/conformance-alerts-venv
wanted='opentelemetry-proto>=1.30,<2 py-ocsf-models>=0.8,<1'
if [ "$(cat "$venv/wanted" 2>/dev/null || true)" != "$wanted" ]; then
    rm -rf "$venv"
    python3 -m venv "$venv" 2>/dev/null || skip "python3 -m venv does not work here (Debian package python3-venv)"
    # shellcheck disable=SC2086 # one word per requirement
    "$venv/bin/pip" install --quiet --disable-pip-version-check --retries 1 --timeout 20 $wanted ||
        skip "the Python package index cannot be reached"
    echo "$wanted" >"$venv/wanted"
fi

(cd "$root" && ${CARGO:-cargo} build --quiet -p seawall-sink --example deliver)
exec "$venv/bin/python" "$root/tests/conformance/alerts.py" "$target/debug/examples/deliver"
