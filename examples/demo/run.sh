#!/bin/sh
# What `make demo` does: an image from examples/demo/layers, a database from examples/demo/advisories, one scan; then the
# guard (guard.sh).
# usage: run.sh OUT, with SEAWALL_BIN naming the folder of the built binaries
set -eu
demo=$(cd "$(dirname "$0")" && pwd)
out=${1:?OUT}
bin=${SEAWALL_BIN:?folder of the built binaries}
mkdir -p "$out"
SEAWALL_CACHE="$out/cache"; export SEAWALL_CACHE
if [ ! -e "$out/image/index.json" ] || [ -n "$(find "$demo/layers" -newer "$out/image/index.json" -print | head -n 1)" ]; then
    rm -rf "$out/image"
    "$bin/make-image" "$out/image" demo:1.0 "$demo/config.json" "$demo/layers/1-base" "$demo/layers/2-runtime" "$demo/layers/3-app"
fi
if [ ! -e "$out/starter.db" ] || [ -n "$(find "$demo/advisories" -newer "$out/starter.db" -print | head -n 1)" ]; then
    "$bin/seawall" -q db build --from "$demo/advisories" -o "$out/starter.db"
fi
# The demo image is bad on purpose: 1 means that the policy denies it.
code=0
"$bin/seawall" scan "oci:$out/image" --db "$out/starter.db" --offline \
    -o table -o "sarif=$out/report.sarif" -o "cyclonedx-json=$out/report.cdx.json" -o "html=$out/report.html" || code=$?
[ "$code" -eq 1 ] || { echo "the demo expects the verdict to deny, but seawall ended with $code" >&2; exit 1; }
cat <<END

That was a scan without network, from $out/starter.db. Its reports: $out/report.sarif, .cdx.json and .html
Try next:
  $bin/seawall explain CVE-2021-44228 oci:$out/image --db $out/starter.db
  $bin/seawall sbom oci:$out/image -o spdx-json
  $bin/seawall db update          # every feed from its publisher
  $bin/seawall scan IMAGE --fail-on high
END
sh "$demo/guard.sh" "$out" "$bin"
