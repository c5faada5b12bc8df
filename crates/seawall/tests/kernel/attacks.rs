//! What is tried in the booted kernel.

/// An attack from inside a container.
pub(crate) struct Attack {
    /// What the table calls it.
    pub(crate) what: &'static str,
    /// Prints RAN where it worked.
    pub(crate) script: &'static str,
    /// A word of the alert's output, and of no other's; none where the tier cannot stop it.
    pub(crate) told: Option<&'static str>,
}

const fn attack(what: &'static str, script: &'static str, told: Option<&'static str>) -> Attack {
    Attack { what, script, told }
}

pub(crate) const ATTACKS: &[Attack] = &[
    attack("a program is dropped and run", "cp /bin/true /tmp/x; /tmp/x && echo RAN", Some("/tmp/x was refused")),
    attack(
        "a program of the image is replaced by other content",
        "cp /bin/true /tmp/x; cat /tmp/x > /bin/ls; /bin/ls && echo RAN",
        Some("/bin/ls was refused"),
    ),
    attack(
        "a file is renamed over a program of the image",
        "cp /bin/true /tmp/x; mv /tmp/x /bin/ls; /bin/ls && echo RAN",
        Some("/bin/ls was refused"),
    ),
    attack(
        "a program is run from a volume in memory (tmpfs)",
        "cp /bin/true /volume/x; /volume/x && echo RAN",
        Some("/volume/x was refused"),
    ),
    attack(
        "a program is run from memory (memfd_create)",
        r#"perl -e '$n = "x"; $f = syscall(319, $n, 0); open F, ">&=", $f; select F; $| = 1; open T, "/bin/true"; print <T>; exec "/proc/self/fd/$f"; exit 1' && echo RAN"#,
        Some("it exists in memory only"),
    ),
    attack(
        "it is tried again at once, 200 times",
        "cp /bin/true /tmp/x; i=0; while [ $i -lt ${TIMES:-200} ]; do /tmp/x 2>/dev/null && echo RAN; i=$((i+1)); done",
        Some("/tmp/x was refused"),
    ),
    attack(
        "a dropped script is run by its first line",
        "printf '#!/bin/sh\\necho RAN\\n' > /tmp/s; chmod 755 /tmp/s; /tmp/s",
        Some("script /tmp/s was refused"),
    ),
    attack("a dropped script is given to its interpreter", "echo 'echo RAN' > /tmp/s; sh /tmp/s", None),
    attack(
        "the loader runs a dropped program",
        "cp /bin/true /tmp/x; /lib64/ld-linux-x86-64.so.2 /tmp/x && echo RAN",
        Some("code of /tmp/x was refused"),
    ),
    attack(
        "a dropped library is preloaded",
        "cp /lib/x86_64-linux-gnu/libm.so.6 /tmp/l.so; LD_PRELOAD=/tmp/l.so cat /proc/self/maps | grep -q 'r-xp.*l.so' && echo RAN",
        Some("code of /tmp/l.so was refused"),
    ),
    attack(
        "a dropped file is mapped and then made executable",
        r#"cp /bin/true /tmp/x; perl -e 'open F, "/tmp/x"; $a = syscall(9, 0, 4096, 1, 2, fileno F, 0); print "RAN\n" if syscall(10, $a, 4096, 5) == 0'"#,
        Some("code of x was refused"),
    ),
    attack(
        "code in memory (memfd_create) is mapped",
        r#"perl -e '$n = "x"; $f = syscall(319, $n, 0); open F, ">&=", $f; select F; $| = 1; print "x" x 4096; print STDOUT "RAN\n" if syscall(9, 0, 4096, 5, 2, $f, 0) != -1'"#,
        Some("code of"),
    ),
    attack("a file system is mounted", "mount -t tmpfs none /srv && echo RAN", Some("mounting at srv")),
    attack(
        "a file system is mounted by the newer calls",
        r#"perl -e '$k = "tmpfs"; $e = ""; $t = "/srv"; $f = syscall(430, $k, 0); syscall(431, $f, 6, 0, 0, 0); $m = syscall(432, $f, 0, 0); print "RAN\n" if $m >= 0 && syscall(429, $m, $e, -100, $t, 4) == 0'"#,
        Some("mounting at srv"),
    ),
    attack("a mount is taken away", "umount /volume && echo RAN", Some("mounting at /")),
    attack(
        "a process is traced",
        r#"perl -e '$p = fork; if (!$p) { sleep 2; exit } print "RAN\n" if syscall(101, 16, $p, 0, 0) == 0; kill 9, $p'"#,
        Some("attaching to process"),
    ),
    attack(
        "the memory of a process is opened",
        r#"perl -e '$p = fork; if (!$p) { sleep 2; exit } print "RAN\n" if open F, "+<", "/proc/$p/mem"; kill 9, $p'"#,
        Some("attaching to process"),
    ),
    attack(
        "a debugger starts a process",
        r#"perl -e 'print "RAN\n" if syscall(101, 0, 0, 0, 0) == 0'"#,
        Some("being traced"),
    ),
    attack(
        "the kernel is given a program (bpf)",
        r#"perl -e '$a = pack("L*", 2, 4, 4, 1) . "\0" x 112; print "RAN\n" if syscall(321, 0, $a, 128) >= 0'"#,
        Some("bpf command 0"),
    ),
    attack(
        "a module is loaded",
        r#"perl -e '$e = ""; open F, "/modules/dummy.ko"; exit if syscall(313, fileno F, $e, 0) != 0; print "RAN\n"; $n = "dummy"; syscall(176, $n, 0)'"#,
        Some("loading kernel module dummy.ko"),
    ),
    attack(
        "a module is loaded from memory",
        r#"perl -e '$e = ""; open F, "/modules/dummy.ko"; local $/; $m = <F>; exit if syscall(175, $m, length $m, $e) != 0; print "RAN\n"; $n = "dummy"; syscall(176, $n, 0)'"#,
        Some("loading a kernel module"),
    ),
    attack(
        "the kernel is told to start a program (core_pattern)",
        "read -r was < /proc/sys/kernel/core_pattern; echo \"$was\" > /proc/sys/kernel/core_pattern && echo RAN",
        Some("/proc/sys/kernel/core_pattern was refused"),
    ),
    attack(
        "a user namespace is made",
        r#"perl -e 'print "RAN\n" if syscall(272, 0x10000000) == 0'"#,
        Some("a user namespace"),
    ),
    attack(
        "a program is run that a list names",
        r#"/bin/listed && echo RAN; perl -e 'exec {"/bin/listed"} "x"; print "RAN\n" if $! != 1'"#,
        Some("/bin/listed was refused: it is what entry 1 of `programs` names"),
    ),
    attack(
        "a listed parent starts a listed program",
        r#"perl -e 'exit system "/bin/ls", "/"' && echo RAN"#,
        Some("/bin/ls was refused: it is what entry 2 of `programs` names"),
    ),
    attack(
        "a file is read that a list names",
        "cat /data/secret && echo RAN",
        Some("reading /data/secret was refused: it is what entry 1 of `files` names"),
    ),
    attack(
        "it is read through a link and the root of a process",
        "busybox ln -s /proc/self/root/data/secret /tmp/l; cat /tmp/l && echo RAN",
        Some("reading /data/secret was refused"),
    ),
    attack(
        "it is read from another root (chroot)",
        r#"perl -e 'chroot "/data"; print "RAN\n" if open F, "/secret"'"#,
        Some("reading /data/secret was refused"),
    ),
    attack(
        "it gets another name (link)",
        r#"perl -e 'print "RAN\n" if link "/data/secret", "/tmp/linked"'"#,
        Some("linking /data/secret was refused"),
    ),
    attack(
        "a file is written that a list names",
        "echo x >> /data/config && echo RAN",
        Some("writing to /data/config was refused: it is what entry 2 of `files` names"),
    ),
    attack(
        "it is cut (truncate)",
        r#"perl -e 'print "RAN\n" if truncate "/data/config", 0'"#,
        Some("writing to /data/config was refused"),
    ),
    attack("its mode is changed", "chmod 777 /data/config && echo RAN", Some("changing /data/config was refused")),
    attack(
        "it is removed",
        r#"perl -e 'print "RAN\n" if unlink "/data/con-gone"'"#,
        Some("removing /data/con-gone was refused"),
    ),
    attack(
        "it is renamed",
        r#"perl -e 'print "RAN\n" if rename "/data/con-moved", "/data/y"'"#,
        Some("renaming /data/con-moved was refused"),
    ),
    attack(
        "another file is renamed over it",
        r#"echo x > /data/x; perl -e 'print "RAN\n" if rename "/data/x", "/data/con-over"'"#,
        Some("renaming /data/con-over was refused"),
    ),
    attack(
        "the folder is renamed in which it lies",
        r#"perl -e 'mkdir "/tmp/box"; print "RAN\n" if rename "/tmp/box", "/tmp/other"'"#,
        Some("moving folder /tmp/box was refused"),
    ),
    attack(
        "a file is made where a list names all",
        "echo x > /data/keys/new && echo RAN",
        Some("making /data/keys/new"),
    ),
    attack(
        "a folder is made there",
        r#"perl -e 'print "RAN\n" if mkdir "/data/keys/more"'"#,
        Some("making /data/keys/more"),
    ),
];

/// What the policy names by path; `WORK` reads what may be read.
pub(crate) const LISTS: &str = "    programs:
      - { paths: [/bin/listed] }
      - { paths: ['/bin/l?'], parents: ['**/perl'] }
    files:
      - { paths: [/data/secret, '/data/keys/**', /tmp/box/secret], access: any }
      - { paths: [/data/con*], access: write }
";

/// Ordinary work, that nothing may stop.
pub(crate) const WORK: &str = "ls / >/dev/null && cp /bin/ls /tmp/copy && cat /bin/ls | cmp - /tmp/copy && \
    perl -e 'use POSIX; print POSIX::floor(1.5), \"\\n\"' && printf 'a\\nb\\n' | grep -q b && (sleep 0.1 & wait) && \
    /bin/script && cat /data/config && echo x > /data/other && cat /data/other && echo RAN";

/// What is tried on the node while the agent runs: as root, outside every container.
pub(crate) const TAMPERING: &[Attack] = &[
    attack("the agent is killed (SIGKILL)", "kill -9 $AGENT && echo RAN", Some("signal 9 to the agent")),
    attack("the agent is halted (SIGSTOP)", "kill -STOP $AGENT && echo RAN", Some("signal 19 to the agent")),
    attack(
        "the agent is traced",
        "perl -e 'print \"RAN\\n\" if syscall(101, 16, $ENV{AGENT} + 0, 0, 0) == 0'",
        Some("tracing the agent"),
    ),
    attack(
        "a program's pin is removed",
        "rm /sys/fs/bpf/seawall/*/seawall_refuse_exec && echo RAN",
        Some("changing seawall_refuse_exec"),
    ),
    attack(
        "a pin is renamed",
        "mv /sys/fs/bpf/seawall/*/GROUPS /sys/fs/bpf/seawall/gone && echo RAN",
        Some("changing GROUPS"),
    ),
    attack("the pins' file system is unmounted", "umount /sys/fs/bpf && echo RAN", Some("changing /")),
    attack(
        "the policy in the kernel is opened",
        r#"perl -e '($p) = glob "/sys/fs/bpf/seawall/*/DEFAULTS"; $a = pack("QLL", unpack("Q", pack("P", $p)), 0, 0); print "RAN\n" if syscall(321, 7, $a, 16) >= 0'"#,
        Some("changing the policy"),
    ),
];
