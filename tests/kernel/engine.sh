# A real engine (dockerd, its containerd and runc) in the booted kernel. Read by scenario.sh.

PATH=$PATH:/usr/sbin:/usr/bin

# engine: starts it, and pulls the image that containers are made of.
engine() {
    mount -t tmpfs tmpfs /var/lib
    perl /registry.pl &
    (exec dockerd --iptables=false --ip6tables=false --bridge=none --storage-driver overlay2) > /run/dockerd.log 2>&1 &
    waited=0
    while ! docker version > /dev/null 2>&1 && [ $waited -lt 300 ]; do
        sleep 1
        waited=$((waited + 1))
    done
    docker version 2>&1
    docker pull -q "$IMAGE" 2>&1 || cat /run/dockerd.log
}

# started NAME OPTION…: a container that stays, and ends with 7 when it is asked to end.
started() {
    name=$1
    shift
    docker run -d --name "$name" --network none "$@" "$IMAGE" sh -c 'trap "exit 7" TERM; while :; do sleep 0.2; done' 2>&1
}

# work NAME COMMAND…: what the engine is asked to do, and whether it could.
work() {
    echo "@@ engine $1"
    shift
    "$@" 2>&1
    echo "ended with $?"
}

# attacks_in NAME FOLDER CONTAINER OPTION…: each attack from inside a container, by way of one exec of the engine.
attacks_in() {
    each="for at in $2/*; do echo \"@@ $1 \${at##*/}\"; sh \$at; done"
    container=$3
    shift 3
    docker exec "$@" "$container" sh -c "$each" 2>&1
}

IMAGE=127.0.0.1:5000/team/attacked:1
EVERYTHING="--privileged --tmpfs /volume:exec"
echo "@@ engine"
engine
started free $EVERYTHING
attacks_in free /attacks free -e TIMES=2

echo "@@ start"
start /enforce.yaml
started victim $EVERYTHING
attacks_in enforced /attacks victim -e TIMES=20
# A container that shares the node's processes and has the pins.
started neighbour --privileged --pid host -v /sys/fs/bpf:/sys/fs/bpf
attacks_in tampering /tampering neighbour -e "AGENT=$AGENT"
echo "@@ agent"
[ -e "/proc/$AGENT" ] && echo ALIVE

work run docker run --rm --name ordinary --network none "$IMAGE" sh /work.sh
work detached started stays -v /run/shared:/shared --tmpfs /volume
work exec docker exec stays sh /work.sh
work "exec as another user" docker exec --user 1000:1000 stays sh -c 'cat /bin/script > /dev/null && echo RAN'
work "copy from" docker cp stays:/bin/script /run/script
work pause docker pause stays
work unpause docker unpause stays
work restart docker restart -t 60 stays
work stop docker stop -t 60 stays
work inspect docker inspect -f '{{.State.ExitCode}} {{.RestartCount}}' stays
work logs docker logs stays
work remove docker rm -f stays victim neighbour
told engine
echo "@@ dockerd"
tail -n 20 /run/dockerd.log
