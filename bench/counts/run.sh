#!/bin/sh
# Instruction counts of three fixed scans, by valgrind: the same whatever else the machine does, so CI can hold them.
# usage: bench/counts/run.sh --check | --write     (SEAWALL_BIN: folder of the release binaries seawall and make-image)
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
mode=${1:?--check or --write}
baseline=$here/bench/counts/baseline.txt
target=$(cargo metadata --manifest-path "$here/Cargo.toml" --format-version 1 --no-deps --offline | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
bin=${SEAWALL_BIN:-$target/release}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
demo=$here/examples/demo
"$bin/make-image" "$work/demo" demo:1 "$demo/config.json" "$demo/layers/1-base" "$demo/layers/2-runtime" "$demo/layers/3-app"
"$bin/seawall" -q db build --from "$demo/advisories" -o "$work/db"
n=0
while [ $n -lt 1500 ]; do
    mkdir -p "$work/npm-layer/app/node_modules/package-$n"
    printf '{"name":"package-%d","version":"1.%d.0","license":"MIT","dependencies":{"package-%d":"^1.0.0"}}\n' $n $n $((n / 2)) > "$work/npm-layer/app/node_modules/package-$n/package.json"
    n=$((n + 1))
done
mkdir -p "$work/deb-layer/var/lib/dpkg/info" "$work/deb-layer/etc"
cp "$demo/layers/1-base/usr/lib/os-release" "$work/deb-layer/etc/os-release"
n=0
while [ $n -lt 400 ]; do
    printf 'Package: library-%d\nStatus: install ok installed\nArchitecture: amd64\nSource: source-%d\nVersion: 1.%d-1\nDepends: library-%d\n\n' $n $((n / 3)) $n $((n / 2))
    printf '/usr/lib/library-%d.so\n/usr/share/doc/library-%d/copyright\n' $n $n > "$work/deb-layer/var/lib/dpkg/info/library-$n.list"
    n=$((n + 1))
done > "$work/deb-layer/var/lib/dpkg/status"
for kind in npm deb; do "$bin/make-image" "$work/$kind" "$kind:1" "$demo/config.json" "$work/$kind-layer"; done
failed=0
for name in demo npm deb; do
    valgrind --tool=none --log-file=/dev/null true 2>/dev/null || { echo "SKIPPED: valgrind does not run here" >&2; exit 0; }
    SEAWALL_CACHE=$work/cache valgrind --tool=callgrind --callgrind-out-file=/dev/null --log-file="$work/log" \
        "$bin/seawall" scan --no-cache "oci:$work/$name" --db "$work/db" --today 2026-11-24 -o json=/dev/null || true
    count=$(sed -n 's/.*Collected : \([0-9]*\).*/\1/p' "$work/log")
    [ -n "$count" ] || { cat "$work/log" >&2; exit 1; }
    if [ "$mode" = --write ]; then
        echo "$name $count"
        continue
    fi
    before=$(sed -n "s/^$name //p" "$baseline")
    percent=$((count * 100 / before - 100))
    echo "$name: $count instructions, $percent % against $before"
    [ "$percent" -le 10 ] || { echo "$name: more than 10 % over bench/counts/baseline.txt" >&2; failed=1; }
done > "$work/result"
cat "$work/result"
[ "$mode" != --write ] || cp "$work/result" "$baseline"
exit $failed
