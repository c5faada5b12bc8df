/* Calls that are refused before anything happens (BPF-LSM): whose they are, and how the agent is told. */
#pragma once

#include "entering.h"

enum { EPERM = 1, PF_FORKNOEXEC = 0x40 };

/* How somebody tampers, as a denial's number; numbers of signals stand for themselves. */
enum { TAMPERING_FILE = 0, TAMPERING_TRACE = 1000, TAMPERING_POLICY = 1001 };

/* Who the agent is. User space writes `pid` and the pins; the rest is written where the agent itself asks, because file
 * systems show user space other numbers than these. */
struct agent {
    u64 exe_inode;
    u64 pins_inode;
    u32 exe_device;
    u32 pins_device;
    u32 pid; /* 0 while none runs */
    u32 padding;
};
struct {
    MAP_UINT(type, BPF_MAP_TYPE_ARRAY);
    MAP_UINT(max_entries, 1);
    MAP_TYPE(key, u32);
    MAP_TYPE(value, struct agent);
} AGENT SEC(".maps");

struct refusal {
    struct denial denial;
    char path[256];
};

INLINE struct agent *agent_get(void) {
    u32 zero = 0;
    return bpf_map_lookup_elem(&AGENT, &zero);
}

INLINE struct file *task_exe(struct task_struct *task) {
    struct mm_struct *mm = READ(task->mm);
    return READ(mm->exe_file);
}

INLINE u32 is_file_of_agent(struct inode *inode, struct agent *agent) {
    struct super_block *super = READ(inode->i_sb);
    return agent->exe_inode && READ(inode->i_ino) == agent->exe_inode && READ(super->s_dev) == agent->exe_device;
}

/* Whether a policy was set for the task's control group: that is a container, also where it sees the node's processes. */
INLINE u32 is_of_container(struct task_struct *task) {
    u64 group = cgroup_key(task_cgroup(task));
    return bpf_map_lookup_elem(&GROUPS, &group) != NULL;
}

/* The agent, or another run of its program on the node: `seawall guard --remove`. A container may have the program too. */
INLINE u32 is_agent(struct task_struct *task, struct agent *agent) {
    struct pid *pid = READ(task->thread_pid);
    struct file *exe = task_exe(task);
    if (READ(task->tgid) != agent->pid && (READ(pid->level) || is_of_container(task)))
        return 0;
    return is_file_of_agent(READ(exe->f_inode), agent);
}

/* The engine's own process that sets a container up from inside (runc's init): it was put there by a process outside, has
 * not run a program since, and its own program does not come from the container's mounts. The last holds off a process
 * of the container that makes a sibling of itself. */
INLINE u32 is_set_up(struct task_struct *task) {
    struct task_struct *leader = READ(task->group_leader);
    struct task_struct *parent = outside_parent(leader);
    if (!parent)
        return 0;
    if (!(READ(leader->flags) & PF_FORKNOEXEC))
        return is_entering(leader, parent);
    struct file *exe = task_exe(leader);
    struct mount *mount = mount_of(READ(exe->f_path.mnt));
    struct mnt_namespace *from = READ(mount->mnt_ns), *own = task_mounts(leader);
    struct pid_namespace *space = NULL;
    struct pid *pid = READ(leader->thread_pid);
    pid_number(pid, &space);
    struct pid_namespace *node = READ(pid->numbers[0].ns);
    /* What is still among the node's own mounts has not come into the container yet. */
    return own == task_mounts(READ(node->child_reaper)) ||
           (from != own && from != task_mounts(READ(space->child_reaper)));
}

/* The policy of the task's container where it denies one of `bits`; 0 or else. */
INLINE u32 asked_of(struct task_struct *task, u64 group, u32 bits) {
    u32 asked = denied_to(task, group);
    struct agent *agent = agent_get();
    if (!(asked & bits) || is_set_up(task) || (agent && is_agent(task, agent)))
        return 0;
    return asked;
}

/* The policy by which the task may not tamper with the agent. Processes of the node are held to the default while the
 * agent runs; where it is gone they may do what an administrator must. */
INLINE u32 asked_of_tampering(struct task_struct *task, u64 group) {
    u32 zero = 0;
    struct agent *agent = agent_get();
    if (!agent || !agent->exe_inode || is_agent(task, agent))
        return 0;
    u32 asked = denied_to(task, group);
    struct pid *pid = READ(task->thread_pid);
    if (!asked && !READ(pid->level) && agent->pid) {
        u32 *standard = bpf_map_lookup_elem(&DEFAULTS, &zero);
        asked = standard ? *standard : 0;
    }
    return asked & DENY_TAMPERING ? asked : 0;
}

INLINE struct refusal *refusal_of(struct task_struct *task, u64 group, u32 asked, u32 reason) {
    struct refusal *refusal = bpf_ringbuf_reserve(&DENIALS, sizeof(struct refusal), 0);
    if (!refusal) {
        denial_lost();
        return NULL;
    }
    denial_of(&refusal->denial, task, group, asked, reason);
    refusal->denial.dry_run |= DENIAL_BEFORE;
    refusal->path[0] = 0;
    return refusal;
}

INLINE void refusal_name(struct refusal *refusal, struct dentry *dentry) {
    bpf_probe_read_kernel_str(refusal->path, sizeof(refusal->path), READ(dentry->d_name.name));
}

/* What the hook returns. Since 6.12 the verifier wants to see that it is an error or zero: a branch with constants, which the
 * empty statement keeps clang from replacing by arithmetic. */
INLINE int refused(u32 asked) {
    if (asked & DRY_RUN) {
        asm volatile("");
        return 0;
    }
    return -EPERM;
}

/* Tells of a file and refuses. `path` has to come from the hook's arguments, for the kernel to name it; without one the
 * name in the file's folder is told. */
INLINE int refuse_file_for(struct task_struct *task, u64 group, u32 asked, u32 reason, u32 number, struct file *file,
                           struct path *path) {
    struct refusal *refusal = refusal_of(task, group, asked, reason);
    if (refusal) {
        struct inode *inode = READ(file->f_inode);
        refusal->denial.inode = READ(inode->i_ino);
        refusal->denial.number = number;
        if (!path || bpf_d_path(path, refusal->path, sizeof(refusal->path)) < 0)
            refusal_name(refusal, READ(file->f_path.dentry));
        bpf_ringbuf_submit(refusal, 0);
    }
    return refused(asked);
}

INLINE int refuse_file(struct task_struct *task, u64 group, u32 asked, u32 reason, struct file *file, struct path *path) {
    return refuse_file_for(task, group, asked, reason, 0, file, path);
}

/* Tells of what has a number and a name, and refuses. */
INLINE int refuse(struct task_struct *task, u64 group, u32 asked, u32 reason, u32 number, struct dentry *dentry,
                  struct task_struct *other) {
    struct refusal *refusal = refusal_of(task, group, asked, reason);
    if (refusal) {
        refusal->denial.number = number;
        if (dentry)
            refusal_name(refusal, dentry);
        if (other)
            bpf_probe_read_kernel_str(refusal->path, sizeof(refusal->path), &other->comm);
        bpf_ringbuf_submit(refusal, 0);
    }
    return refused(asked);
}
