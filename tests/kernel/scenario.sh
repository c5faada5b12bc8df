# What happens in the booted kernel, in the order in which it happens. Read by init.sh.

# start POLICY [OPTION…]: the agent, in a control group of its own.
start() {
    rm -f /run/guard.log
    mkdir -p /sys/fs/cgroup/agent
    (echo 0 > /sys/fs/cgroup/agent/cgroup.procs; exec seawall guard --policy "$@" --fold 0 -o jsonl=/run/alerts) 2> /run/guard.log &
    export AGENT=$!
    waited=0
    while ! grep -q guarding /run/guard.log && [ -e "/proc/$AGENT" ] && [ $waited -lt 600 ]; do
        sleep 0.5
        waited=$((waited + 1))
    done
    cat /run/guard.log
}

# container NUMBER SCRIPT-FILE
container() {
    perl /container.pl "$(printf '%064d' "$1")" "$(cat "$2")" 2>&1
}

# attacks NAME FIRST-NUMBER [LAST-DIGITS]: each in a container of its own.
attacks() {
    number=$2
    for file in /attacks/*[${3:-0-9}]; do
        echo "@@ $1 ${file##*/}"
        at=${file##*/}
        container $((number + ${at#0})) "$file"
    done
    echo "@@ $1 work"
    container $((number + 100)) /work.sh
}

# told: what the agent says of it, once nothing has come for a while.
told() {
    before=none
    for _ in $(seq 60); do
        now=$(wc -c < /run/alerts)
        [ "$now" != "$before" ] || break
        before=$now
        sleep 4
    done
    echo "@@ alerts $1"
    cat /run/alerts
}

case "$(sed -n 's/.*scenario=\([a-z]*\).*/\1/p' /proc/cmdline)" in
unlisted)
    # BPF-LSM is built in, and not among the security modules of this boot.
    echo "@@ probe"
    seawall guard --probe
    echo "@@ start"
    start /enforce.yaml
    # What killing can stop.
    echo "@@ kills"
    start /drift.yaml
    attacks killed 1000
    told killed
    # As if the kernel did not describe its types.
    mount -t tmpfs none /sys/kernel/btf
    echo "@@ untyped"
    seawall guard --probe
    echo "exit code $?"
    ;;
packets)
    echo "@@ start"
    start /drift.yaml --rules /packets.yaml
    echo "@@ traffic"
    perl /container.pl "$(printf '%064d' 7000)" "perl /packets.pl" 2>&1
    told packets
    ;;
engine)
    . /engine.sh
    ;;
*)
    echo "@@ probe"
    seawall guard --probe
    TIMES=2 attacks free 1000
    echo "@@ start"
    start /enforce.yaml
    attacks enforced 2000
    for file in /tampering/*; do
        echo "@@ tampering ${file##*/}"
        sh "$file" 2>&1
    done
    # A container that shares the node's processes is known by its control group, once it was seen.
    echo "@@ neighbour"
    perl /container.pl "$(printf '%064d' 6000)" "true; sleep 2; kill -TERM $AGENT && echo RAN" host 2>&1
    told enforced
    # The kernel itself ends the agent, as it does where memory is short: no hook is asked.
    echo "@@ orphan agent"
    echo 1 > /sys/fs/cgroup/agent/cgroup.kill
    wait
    [ -e "/proc/$AGENT" ] || echo GONE
    echo "@@ orphan attack"
    container 3000 /attacks/00
    echo "@@ taken over"
    start /dry-run.yaml
    TIMES=2 attacks dry 4000 0268
    told dry
    echo "@@ ended"
    kill -TERM $AGENT
    wait
    cat /run/guard.log
    echo "@@ removed"
    seawall guard --remove 2>&1
    container 5000 /attacks/00
    ;;
esac
