/* Processes of the engine that are in a container's control group already, and among the node's mounts still. */
#pragma once

#include "policy.h"

INLINE struct mnt_namespace *task_mounts(struct task_struct *task) {
    struct nsproxy *spaces = READ(task->nsproxy);
    return READ(spaces->mnt_ns);
}

/* Processes that ran their program outside every container: when each was made, by its number. One that is in a container's
 * control group all the same was put there. */
enum { OUTSIDERS_MOST = 8192 };
struct {
    MAP_UINT(type, BPF_MAP_TYPE_LRU_HASH);
    MAP_UINT(max_entries, OUTSIDERS_MOST);
    MAP_TYPE(key, u32);
    MAP_TYPE(value, u64);
} OUTSIDERS SEC(".maps");

INLINE void outsider_add(struct task_struct *task) {
    struct task_struct *leader = READ(task->group_leader);
    u32 pid = READ(task->tgid);
    u64 made = READ(leader->start_boottime);
    bpf_map_update_elem(&OUTSIDERS, &pid, &made, BPF_ANY);
}

/* A process outside made it; none where one of the container did. */
INLINE struct task_struct *outside_parent(struct task_struct *leader) {
    struct task_struct *parent = READ(leader->real_parent);
    return denied_to(parent, cgroup_key(task_cgroup(parent))) ? NULL : parent;
}

/* The engine's own process before it enters the container (runc's init, which makes a copy of its program and runs that): it has
 * the mounts of the one outside that made it. A process of the container that gets hold of these is no outsider. */
INLINE u32 is_entering(struct task_struct *leader, struct task_struct *parent) {
    u32 pid = READ(leader->tgid);
    u64 *made = bpf_map_lookup_elem(&OUTSIDERS, &pid);
    return made && *made == READ(leader->start_boottime) && task_mounts(leader) == task_mounts(parent);
}

/* As the last, for a task that is no leader. */
INLINE u32 is_task_entering(struct task_struct *task) {
    struct task_struct *leader = READ(task->group_leader);
    struct task_struct *parent = outside_parent(leader);
    return parent && is_entering(leader, parent);
}

/* How many programs it has run when a hook looks: before the kernel counts the new one, or after. */
enum { BEFORE_RUN = 0, AFTER_RUN = 1 };

INLINE u32 pid_level(struct task_struct *task) {
    struct pid *pid = READ(task->thread_pid);
    return READ(pid->level);
}

/* As the last, of the task that runs a program; a program of the container makes it one of the container. It may be the first
 * since a process outside made it right in the container's group (CLONE_INTO_CGROUP), and in no namespace of its own yet. */
INLINE u32 is_run_entering(struct task_struct *task, u64 runs) {
    struct task_struct *leader = READ(task->group_leader);
    struct task_struct *parent = outside_parent(leader);
    if (parent && is_entering(leader, parent))
        return 1;
    if (parent && READ(leader->self_exec_id) - READ(leader->parent_exec_id) == runs &&
        task_mounts(leader) == task_mounts(parent) && pid_level(leader) == pid_level(parent)) {
        outsider_add(task);
        return 1;
    }
    u32 pid = READ(task->tgid);
    bpf_map_delete_elem(&OUTSIDERS, &pid);
    return 0;
}
