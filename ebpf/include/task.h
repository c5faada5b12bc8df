/* Who did it: identity, namespaces, control group, capabilities. */
#pragma once

#include "scratch.h"

INLINE u32 pid_number(struct pid *pid, struct pid_namespace **space) {
    u32 level = READ(pid->level) & 31;
    struct upid *own = (void *)&pid->numbers[0] + level * sizeof(struct upid);
    if (space)
        bpf_probe_read_kernel(space, sizeof(*space), &own->ns);
    int number = 0;
    bpf_probe_read_kernel(&number, sizeof(number), &own->nr);
    return number;
}

INLINE u32 pid_number_initial(struct pid *pid) { return READ(pid->numbers[0].nr); }

INLINE struct kernfs_node *kernfs_parent(struct kernfs_node *node) {
    struct kernfs_node___before_6_15 *old = (void *)node;
    if (FIELD_EXISTS(node->__parent))
        return READ(node->__parent);
    return READ(old->parent);
}

/* The control group that tells a container: of a version 1 controller where there is one, or else of version 2. */
INLINE struct cgroup *task_cgroup(struct task_struct *task) {
    struct css_set *set = READ(task->cgroups);
    struct cgroup *unified = READ(set->dfl_cgrp);
    struct cgroup_root *unified_root = READ(unified->root);
    void *groups = &set->subsys[0];
    u32 controllers[3] = {
        ENUM_VALUE(enum cgroup_subsys_id, pids_cgrp_id),
        ENUM_VALUE(enum cgroup_subsys_id, memory_cgrp_id),
        ENUM_VALUE(enum cgroup_subsys_id, devices_cgrp_id),
    };
#pragma unroll
    for (int i = 0; i < 3; i++) {
        struct cgroup_subsys_state *state = NULL;
        bpf_probe_read_kernel(&state, sizeof(state), groups + (controllers[i] & 31) * sizeof(void *));
        struct cgroup *group = READ(state->cgroup);
        if (!group || READ(group->root) == unified_root)
            continue;
        if (kernfs_parent(READ(group->kn)))
            return group;
    }
    return unified;
}

/* Each hierarchy numbers its groups by itself, so that the hierarchy's number has to go with it. */
INLINE u64 cgroup_key(struct cgroup *group) {
    struct cgroup_root *root = READ(group->root);
    struct kernfs_node *node = READ(group->kn);
    return READ(node->id) ^ ((u64)READ(root->hierarchy_id) << 48);
}

/* cgroup_key(task_cgroup(task)) of the current task. The verifier knows its type, so that these are plain loads; helpers
 * would cost more than all else that is done for a call that nobody wants. */
INLINE u64 current_group(void) {
    struct task_struct *task = bpf_get_current_task_btf();
    struct css_set *set = task->cgroups;
    struct cgroup *found = set->dfl_cgrp;
    struct cgroup_root *unified_root = found->root;
    u64 controllers[3] = {
        ENUM_VALUE(enum cgroup_subsys_id, pids_cgrp_id),
        ENUM_VALUE(enum cgroup_subsys_id, memory_cgrp_id),
        ENUM_VALUE(enum cgroup_subsys_id, devices_cgrp_id),
    };
#pragma unroll
    for (int i = 0; i < 3; i++) {
        struct cgroup_subsys_state *state =
            *(struct cgroup_subsys_state **)((void *)&set->subsys[0] + (controllers[i] & 31) * sizeof(void *));
        if (!state)
            continue;
        struct cgroup *group = state->cgroup;
        if (!group || group->root == unified_root)
            continue;
        if (kernfs_parent(group->kn)) {
            found = group;
            break;
        }
    }
    struct cgroup_root *root = found->root;
    struct kernfs_node *node = found->kn;
    return node->id ^ ((u64)root->hierarchy_id << 48);
}

/* Who did it, into a record that lies anywhere. */
INLINE void record_doer(struct record *r, struct task_struct *task) {
    struct task_struct *leader = READ(task->group_leader);
    struct cred *cred = READ(task->cred);
    r->cpu = bpf_get_smp_processor_id();
    r->time = bpf_ktime_get_boot_ns();
    r->pid = READ(task->tgid);
    r->tid = READ(task->pid);
    r->started = READ(leader->start_boottime);
    r->cgroup = cgroup_key(task_cgroup(task));
    r->virtual_tid = pid_number(READ(task->thread_pid), NULL);
    r->uid = READ(cred->uid).value;
    r->euid = READ(cred->euid).value;
    r->gid = READ(cred->gid).value;
    r->permitted = READ(cred->cap_permitted).value;
    r->effective = READ(cred->cap_effective).value;
    r->inheritable = READ(cred->cap_inheritable).value;
}

/* Who did it, into the buffer. */
PART int record_who(u64 task_at) {
    struct scratch *s = scratch_get();
    if (!s)
        return 0;
    record_doer(&s->record, (void *)task_at);
    return sizeof(struct record);
}

/* What happened, not yet who did it. */
INLINE void record_clear(struct record *r, u32 kind, u32 number, s64 result) {
    r->kind = kind;
    r->number = number;
    r->flags = 0;
    r->result = result;
#pragma unroll
    for (int i = 0; i < 6; i++)
        r->arguments[i] = 0;
}

/* Begins a record in the buffer. */
INLINE u32 record_begin(struct scratch *s, u32 kind, u32 number, s64 result) {
    record_clear(&s->record, kind, number, result);
    return sizeof(struct record);
}

/* A record with its doer, anywhere. */
INLINE void record_fill(struct record *r, u32 kind, struct task_struct *task) {
    record_clear(r, kind, 0, 0);
    record_doer(r, task);
}

PART int record_start(u32 kind, u64 task_at) {
    struct scratch *s = scratch_get();
    if (!s)
        return 0;
    record_begin(s, kind, 0, 0);
    return record_who(task_at);
}

INLINE u32 task_terminal(struct signal_struct *signal) {
    struct tty_struct *tty = READ(signal->tty);
    if (!tty)
        return 0;
    struct tty_driver *driver = READ(tty->driver);
    u32 major = READ(driver->major);
    u32 minor = READ(driver->minor_start) + READ(tty->index);
    return (minor & 0xff) | (major << 8) | ((minor & ~0xffu) << 12);
}

PART u32 part_task(u32 at, u64 task_at) {
    struct scratch *s = part_room(at);
    if (!s || at > ROOM)
        return at;
    struct task_struct *task = (void *)task_at;
    struct task_part *t = (void *)&s->bytes[at + 4];
    struct task_struct *leader = READ(task->group_leader);
    struct task_struct *parent = READ(leader->real_parent);
    struct task_struct *parent_leader = READ(parent->group_leader);
    struct signal_struct *signal = READ(task->signal);
    struct pid *group = READ(signal->pids[PIDTYPE_PGID]);
    struct pid *session = READ(signal->pids[PIDTYPE_SID]);
    struct pid_namespace *space = NULL;
    struct nsproxy *spaces = READ(task->nsproxy);
    struct mnt_namespace *mounts = READ(spaces->mnt_ns);
    struct net *network = READ(spaces->net_ns);
    struct cred *cred = READ(task->cred);
    struct user_namespace *users = READ(cred->user_ns);
    t->parent_started = READ(parent_leader->start_boottime);
    t->parent_pid = READ(parent->tgid);
    t->virtual_pid = pid_number(READ(leader->thread_pid), &space);
    t->group = pid_number_initial(group);
    t->virtual_group = pid_number(group, NULL);
    t->session = pid_number_initial(session);
    t->virtual_session = pid_number(session, NULL);
    t->tty = task_terminal(signal);
    t->login_uid = FIELD_EXISTS(task->loginuid) ? READ(task->loginuid).value : ~0u;
    t->pid_namespace = READ(space->ns.inum);
    t->mount_namespace = READ(mounts->ns.inum);
    t->network_namespace = READ(network->ns.inum);
    t->user_namespace = READ(users->ns.inum);
    bpf_probe_read_kernel(t->name, sizeof(t->name), &task->comm);
    return part_end(s, at, PART_TASK, sizeof(*t));
}

/* The names of the control group and of three above it, leaf first. */
PART u32 part_cgroup(u32 at, u64 task_at) {
    struct scratch *s = part_room(at);
    if (!s || at > ROOM)
        return at;
    struct cgroup *group = task_cgroup((void *)task_at);
    struct kernfs_node *node = READ(group->kn);
    u32 to = at + 4;
    for (int i = 0; i < 4 && node; i++) {
        BARRIER(to);
        if (to > ROOM + 1100)
            break;
        long length = bpf_probe_read_kernel_str(&s->bytes[to], 256, READ(node->name));
        if (length <= 0)
            break;
        to += length & 0x1ff;
        node = kernfs_parent(node);
    }
    return part_end(s, at, PART_CGROUP, to - at - 4);
}
