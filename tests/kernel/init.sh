#!/bin/busybox sh
# The first process of the booted kernel. What it prints on the console is read by crates/seawall/tests/kernel.rs.
export PATH=/bin
/bin/busybox --install -s /bin
if [ "$scenario" = engine ] && [ -z "$moved" ]; then
    # The first root of a kernel cannot be pivoted, which is what an engine's runtime does: another one is moved over it.
    mount --bind / /top
    cd /top
    mount --move . /
    moved=1 exec chroot . /init
fi
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmpfs /run
mount -t securityfs security /sys/kernel/security
mount -t cgroup2 cgroup /sys/fs/cgroup
mount -t bpf bpf /sys/fs/bpf
[ ! -e /overlay.ko ] || insmod /overlay.ko
ip link set lo up
cd /
. /scenario.sh
echo "@@ end"
poweroff -f
