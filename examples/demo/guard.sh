#!/bin/sh
# The guard's part of `make demo`: a container drops a binary into itself, and the binary is refused. Where there is no
# container engine, no root or no kernel for it, the same is shown from a recording.
# usage: guard.sh OUT BIN
set -eu
demo=$(cd "$(dirname "$0")" && pwd)
out=$1
seawall=$2/seawall
container=seawall-demo-$$

replay() {
    echo
    echo "The guard, from a recording because $1:"
    "$seawall" -q guard --replay "$demo/../../testdata/recording/refused.swrec" -o text=-
    exit 0
}

[ "$(id -u)" -eq 0 ] || replay "only root may watch the kernel"
command -v docker >/dev/null && docker info >/dev/null 2>&1 || replay "no Docker engine answers here"
case $(docker info -f '{{.Driver}}') in overlay*) ;; *) replay "the engine's layers are not on overlayfs" ;; esac
probe=$("$seawall" guard --probe 2>/dev/null) || replay "this kernel does not let the guard watch"
case $probe in "tier: exec-kill"*) ;; *) replay "this kernel does not let the guard stop programs" ;; esac
[ -e /sys/fs/bpf/seawall ] && [ -n "$(ls /sys/fs/bpf/seawall)" ] && replay "a guard enforces on this node already"

# The image: this machine's own shell and copy program with the libraries that they load.
root=$out/guard-root
if [ ! -d "$root/bin" ]; then
    mkdir -p "$root/bin" "$root/etc" "$root/tmp"
    for program in sh cp; do
        cp -L "$(command -v $program)" "$root/bin/$program"
        ldd "$(command -v $program)" | grep -o '/[^ ]*' | while read -r library; do
            mkdir -p "$root$(dirname "$library")"
            cp -L "$library" "$root$library"
        done
    done
    echo 'root:x:0:0:root:/:/bin/sh' > "$root/etc/passwd"
fi
tar -C "$root" -c . | docker import - seawall-demo:guard >/dev/null

cleanup() {
    [ -z "${guard:-}" ] || kill "$guard" 2>/dev/null || true
    wait 2>/dev/null || true
    "$seawall" -q guard --remove || true
    docker image rm -f seawall-demo:guard >/dev/null 2>&1 || true
}
trap cleanup EXIT
# That somebody ends the guard is an alert too, of a lower priority.
"$seawall" guard --policy "$demo/guard-policy.yaml" -o text=-,priority=critical 2> "$out/guard.log" &
guard=$!
tries=0
until grep -q guarding "$out/guard.log"; do
    kill -0 "$guard" 2>/dev/null && [ "$tries" -lt 100 ] || replay "the guard did not start: $(cat "$out/guard.log")"
    tries=$((tries + 1))
    sleep 0.1
done
echo
echo "The guard, on this machine: a container copies a program to /tmp and runs it."
docker run --rm --name "$container" --network none seawall-demo:guard \
    /bin/sh -c 'cp /bin/cp /tmp/dropped; /tmp/dropped --version; echo "the container saw exit code $? (137: killed)"'
sleep 1
