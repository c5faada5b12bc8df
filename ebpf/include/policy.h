/* What a policy denies, and how the agent is told. Every program that denies shares these maps: they are pinned by name. */
#pragma once

#include "file.h"
#include "task.h"

/* crates/sensor/src/enforce/denial.rs has the same numbers. */
enum {
    DENY_UPPER = 1,   /* programs that were written since the container started */
    DENY_MEMFD = 2,   /* programs in memory only */
    DENY_FOREIGN = 4, /* programs that are neither of the image nor written: of a volume */
    DENY_UNLISTED = 1 << 3, /* programs that the image's inventory does not list */
    DENY_DIGESTS = 1 << 4,  /* programs whose digest the policy names, or is not known */
    DENY_PROGRAMS = 1 << 5, /* programs that the container's list names */
    DENY_EGRESS = 1 << 8,       /* connections to what the container's list does not name */
    DENY_INGRESS = 1 << 9,      /* connections from what the container's list does not name */
    DENY_RAW = 1 << 10,         /* raw and packet sockets */
    DENY_DEVICES = 1 << 11,     /* devices that a container does not ordinarily have */
    DENY_QUARANTINED = 1 << 12, /* the container's network is cut; never in a policy */
    DENY_SCRIPTS = 1 << 16,   /* dropped scripts, by their first line; of volumes with DENY_FOREIGN */
    DENY_LIBRARIES = 1 << 17, /* code of dropped files that a program maps; of volumes with DENY_FOREIGN */
    DENY_MEMORY_CODE = 1 << 18, /* code of files in memory that a program maps */
    DENY_SETTINGS = 1 << 19,  /* files by which the kernel starts programs or is told what to do */
    DENY_MOUNTS = 1 << 20,
    DENY_PTRACE = 1 << 21,
    DENY_BPF = 1 << 22,
    DENY_MODULES = 1 << 23,
    DENY_NAMESPACES = 1 << 24, /* user namespaces, which the others of an unprivileged process need */
    DENY_TAMPERING = 1 << 25,  /* the agent, its files, and what it put into the kernel */
    DENY_FILES = 1 << 26,      /* files that the container's list names */
    DENY_SPACES = 1 << 27,     /* namespaces of any kind, made or entered */
    DRY_RUN = 1u << 31,
};

/* What is denied in a control group (cgroup_key); no entry: DEFAULTS decides for whatever is in a PID namespace. */
struct {
    MAP_UINT(type, BPF_MAP_TYPE_HASH);
    MAP_UINT(max_entries, 16384);
    MAP_TYPE(key, u64);
    MAP_TYPE(value, u32);
} GROUPS SEC(".maps");

struct {
    MAP_UINT(type, BPF_MAP_TYPE_ARRAY);
    MAP_UINT(max_entries, 1);
    MAP_TYPE(key, u32);
    MAP_TYPE(value, u32);
} DEFAULTS SEC(".maps");

/* Denials, for the agent. Where nobody reads they are counted in LOST alone; the denial stands. */
struct denial {
    u64 time;
    u64 started;
    u64 cgroup;
    u64 inode;
    u32 pid;
    u32 reason;
    u32 dry_run; /* DENIAL_… */
    u32 number; /* by reason: a port, a device */
    u8 detail[64]; /* by reason: an address, a name */
};
enum {
    DENIAL_DRY_RUN = 1,
    DENIAL_BEFORE = 2, /* the call was refused; a path follows */
    DENIAL_CALL = 4, /* the process was killed for a call (calls.bpf.c) */
};
struct {
    MAP_UINT(type, BPF_MAP_TYPE_RINGBUF);
    MAP_UINT(max_entries, 256 * 1024);
} DENIALS SEC(".maps");

struct {
    MAP_UINT(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    MAP_UINT(max_entries, 1);
    MAP_TYPE(key, u32);
    MAP_TYPE(value, u64);
} LOST SEC(".maps");

/* Whether a task is in a PID namespace of its own: in a container, also where nobody knows it yet. */
INLINE u32 is_contained(struct task_struct *task) {
    struct pid *pid = READ(task->thread_pid);
    return READ(pid->level) != 0;
}

/* The bits of what a control group may not do. */
INLINE u32 denied_in(u64 group, u32 contained) {
    u32 zero = 0;
    u32 *policy = bpf_map_lookup_elem(&GROUPS, &group);
    if (!policy) {
        if (!contained)
            return 0;
        policy = bpf_map_lookup_elem(&DEFAULTS, &zero);
    }
    return policy ? *policy : 0;
}

/* The bits of what the task's container may not do. */
INLINE u32 denied_to(struct task_struct *task, u64 group) { return denied_in(group, is_contained(task)); }

/* What every denial says. */
INLINE void denial_of(struct denial *denial, struct task_struct *task, u64 group, u32 asked, u32 reason) {
    struct task_struct *leader = READ(task->group_leader);
    __builtin_memset(denial, 0, sizeof(*denial));
    denial->time = bpf_ktime_get_boot_ns();
    denial->started = READ(leader->start_boottime);
    denial->cgroup = group;
    denial->pid = READ(task->tgid);
    denial->reason = reason;
    denial->dry_run = (asked & DRY_RUN) != 0;
}

INLINE void denial_lost(void) {
    u32 zero = 0;
    u64 *lost = bpf_map_lookup_elem(&LOST, &zero);
    if (lost)
        *lost += 1;
}

INLINE void denial_tell(struct denial *denial) {
    if (bpf_ringbuf_output(&DENIALS, denial, sizeof(*denial), 0) != 0)
        denial_lost();
}
