/* Programs and files that a container's policy names by path (crates/sensor/src/enforce/paths.rs). No path is put together:
 * an automaton reads names from the file up to the root of the mount namespace, whatever root the process has. */
#pragma once

#include "automaton.h"
#include "refuse.h"

/* A state: where each byte leads, and the rules of the list that a path fits which begins here. */
struct path_state {
    u16 next[256];
    u32 rules;
    u32 padding;
};
struct {
    MAP_UINT(type, BPF_MAP_TYPE_ARRAY);
    MAP_UINT(max_entries, 8192);
    MAP_TYPE(key, u32);
    MAP_TYPE(value, struct path_state);
} PATHS SEC(".maps");

/* The lists of a control group: at which states its automata begin (STATE_NEVER: there is none), and which rules need none. */
struct path_lists {
    u32 programs;
    u32 parents;
    u32 files;
    u32 folders; /* those in which files lie that `files` names */
    u32 any_program;
    u32 any_parent;
    u32 read; /* rules of `files` by which nothing may be read either */
    u32 padding;
};
struct {
    MAP_UINT(type, BPF_MAP_TYPE_HASH);
    MAP_UINT(max_entries, 16384);
    MAP_TYPE(key, u64);
    MAP_TYPE(value, struct path_lists);
} PATH_LISTS SEC(".maps");

/* Parts of a denial's number; the rest are bits 8 to 12, the rule, and bits 16 to 23, what was done to a file. */
enum { DENIED_WHOLE = 1 /* the path's beginning is told */, DENIED_UNKNOWN = 2 /* a path that cannot be told counts as listed */ };
/* With the rules that a path fits. */
#define PATH_UNKNOWN (1ull << 32)
#define ALL_RULES 0xffffffffull

enum {
    MNT_NS_INTERNAL = -22, /* of mounts that the kernel alone has: memory, pipes */
    /* Steps up a path: eight bytes of a name, or one folder or mount. */
    CLIMB_STEPS = 8192,
};
enum climb_end { CLIMB_CUT, CLIMB_TOP, CLIMB_ASTRAY };

struct climb {
    struct dentry *dentry;
    struct vfsmount *mount; /* NULL: within the file system alone */
    struct dentry *top; /* where that ends before the file system does */
    const unsigned char *name;
    u32 left; /* bytes of the name that were not read yet */
    u32 state;
    u32 end;
};

/* The lists that hold for a control group, as denied_to found what is denied in it; NULL where they are missing. */
INLINE struct path_lists *path_lists_of(u64 group) {
    u64 others = 0;
    if (!bpf_map_lookup_elem(&GROUPS, &group))
        return bpf_map_lookup_elem(&PATH_LISTS, &others);
    return bpf_map_lookup_elem(&PATH_LISTS, &group);
}

INLINE u32 next_state(u32 state, u8 byte) {
    struct path_state *row = bpf_map_lookup_elem(&PATHS, &state);
    return row ? row->next[byte] : STATE_MATCH;
}

static long climb_step(u32 index, struct climb *climb) {
    if (climb->left) {
        u32 count = climb->left > 8 ? 8 : climb->left;
        u64 word = 0;
        /* What lies before a short name belongs to the same object, and is not used. */
        bpf_probe_read_kernel(&word, sizeof(word), climb->name + climb->left - 8);
        climb->state = run_bytes(word, count, climb->state);
        climb->left -= count;
        if (!climb->left && climb->state > STATE_MATCH)
            climb->state = next_state(climb->state, '/');
        return climb->state <= STATE_MATCH;
    }
    struct dentry *dentry = climb->dentry;
    struct vfsmount *mount = climb->mount;
    if (mount && dentry == READ(mount->mnt_root)) {
        if (walk_out(&climb->dentry, &climb->mount))
            return 0;
        climb->end = CLIMB_TOP;
        return 1;
    }
    struct dentry *parent = READ(dentry->d_parent);
    u32 length = READ(dentry->d_name.len);
    if (dentry == climb->top || dentry == parent || !length || length > 255) {
        climb->end = dentry == climb->top ? CLIMB_TOP : CLIMB_ASTRAY;
        return 1;
    }
    climb->name = READ(dentry->d_name.name);
    climb->left = length;
    climb->dentry = parent;
    return 0;
}

/* Which rules the path fits: of the file by its mounts as `mounts`, a mount namespace, has them. A bind mount gives a file
 * another path: in the container's own file system its path there counts as well. */
PART u64 part_path_rules(u64 dentry_at, u64 mount_at, u64 mounts_at, u32 start) {
    struct dentry *dentry = (void *)dentry_at;
    struct vfsmount *mount = (void *)mount_at;
    struct mnt_namespace *mounts = (void *)mounts_at;
    if (start <= STATE_MATCH || !dentry || !mount || (s64)READ(mount_of(mount)->mnt_ns) == MNT_NS_INTERNAL)
        return start == STATE_MATCH ? ALL_RULES | PATH_UNKNOWN : 0;
    struct mount *root = READ(mounts->root);
    u32 zero = some_zero();
    struct climb climb = {.dentry = dentry, .mount = mount, .left = zero, .state = start, .end = zero};
    bpf_loop(CLIMB_STEPS, climb_step, &climb, 0);
    u64 rules = 0;
    u32 state = climb.state;
    struct path_state *last = bpf_map_lookup_elem(&PATHS, &state);
    if (state != STATE_NEVER) {
        struct mnt_namespace *of = READ(mount_of(climb.mount)->mnt_ns);
        /* Too deep, or on a mount that is in no tree: a namespace without a number is of nobody. */
        if (!last || climb.end != CLIMB_TOP || !READ(of->ns.inum))
            return ALL_RULES | PATH_UNKNOWN;
        rules = last->rules;
    }
    struct super_block *super = READ(dentry->d_sb);
    if (mount == &root->mnt)
        return rules;
    u32 is_overlay = READ(super->s_magic) == OVERLAYFS_MAGIC;
    if (!is_overlay && READ(root->mnt.mnt_sb) != super)
        return rules;
    struct climb inside = {
        .dentry = dentry, .top = READ(root->mnt.mnt_root), .left = zero, .state = start, .end = zero};
    bpf_loop(CLIMB_STEPS, climb_step, &inside, 0);
    state = inside.state;
    last = bpf_map_lookup_elem(&PATHS, &state);
    if (state == STATE_NEVER || (inside.end == CLIMB_ASTRAY && !is_overlay))
        return rules;
    return !last || inside.end == CLIMB_CUT ? ALL_RULES | PATH_UNKNOWN : rules | last->rules;
}

INLINE u64 path_rules(struct dentry *dentry, struct vfsmount *mount, struct task_struct *task, u32 start) {
    return start ? part_path_rules((u64)dentry, (u64)mount, (u64)task_mounts(task), start) : 0;
}

INLINE u64 file_rules(struct file *file, struct task_struct *task, u32 start) {
    return path_rules(READ(file->f_path.dentry), READ(file->f_path.mnt), task, start);
}

/* The rules by which the current task may not start a program: by what it runs itself, where that is still there, and by
 * what its parent runs. The engine is none of the container's programs. */
INLINE u64 parent_rules(struct task_struct *task, struct path_lists *lists, u32 is_before) {
    u64 rules = lists->any_parent;
    u32 start = lists->parents;
    if (!start || (is_before && is_set_up(task)))
        return rules;
    if (is_before)
        rules |= file_rules(task_exe(task), task, start);
    struct task_struct *leader = READ(task->group_leader);
    struct task_struct *parent = READ(leader->real_parent);
    if (!denied_to(parent, cgroup_key(task_cgroup(parent))))
        return rules;
    struct file *exe = task_exe(parent);
    /* One that is just ending has none any more. */
    if (!exe)
        return is_before ? rules : rules | ALL_RULES | PATH_UNKNOWN;
    return rules | file_rules(exe, parent, start);
}

/* The number of a denial by these rules: of the first of them. */
INLINE u32 denied_by(u64 rules, u32 done) {
    u32 rest = rules, rule = 0;
#pragma unroll
    for (u32 half = 16; half; half /= 2) {
        if (!(rest & ((1u << half) - 1))) {
            rest >>= half;
            rule += half;
        }
    }
    return (rules & PATH_UNKNOWN ? DENIED_UNKNOWN : 0) | (rule & 31) << 8 | done << 16;
}
