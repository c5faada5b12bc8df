#!/bin/sh
# Seawall's package lists beside those of Syft (SYFT or PATH) and Trivy (PATH): every difference named and explained.
# usage: bench/truth/run.sh [OUT] with SEAWALL_BENCH_IMAGES naming folders of images (docker.tar in each), and SEAWALL_BIN the
# folder of a release binary. Ends with 1 where a difference is not explained (explanations.txt) or under 99 % is ours.
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
out=${1:-$here/bench/truth/results/$(date -u +%Y-%m-%d)}
images=${SEAWALL_BENCH_IMAGES:?folders with docker.tar}
seawall=${SEAWALL_BIN:?folder of the release binary}/seawall
syft=${SYFT:-$(command -v syft || true)}
trivy=$(command -v trivy || true)
[ -n "$syft$trivy" ] || { echo "neither syft (SYFT or PATH) nor trivy (PATH)" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
SEAWALL_CACHE=$work/cache
export SEAWALL_CACHE
mkdir -p "$out"
set --
for image in $images; do
    name=$(basename "$image")
    [ "$name" != image ] || name=$(basename "$(dirname "$image")")
    # 3: something of the image could not be read, which the report says.
    "$seawall" -q sbom "docker-archive:$image/docker.tar" -o "json=$work/$name.json" || [ $? -eq 3 ]
    if [ -n "$syft" ]; then
        "$syft" scan -q -o "json=$work/$name.syft.json" "docker-archive:$image/docker.tar"
        set -- "$@" "$name/syft=$work/$name.json=$work/$name.syft.json"
    fi
    if [ -n "$trivy" ]; then
        "$trivy" image --quiet --list-all-pkgs --offline-scan --skip-db-update --format json --output "$work/$name.trivy.json" --input "$image/docker.tar"
        set -- "$@" "$name/trivy=$work/$name.json=$work/$name.trivy.json"
    fi
done
exec python3 "$here/bench/truth/compare.py" "$here/bench/truth/explanations.txt" "$out" "$@"
