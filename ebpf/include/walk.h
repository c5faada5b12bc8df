/* From a dentry to the path that the process sees. bpf_d_path is not allowed in the programs that need it. */
#pragma once

#include "scratch.h"

enum { WALK_BYTES = 4096 - 256 };

struct walk {
    struct dentry *dentry;
    struct vfsmount *mount;
    struct dentry *root_dentry;
    struct vfsmount *root_mount;
    u32 at;
    u32 start;
    u32 end;
    u32 steps;
};

static long walk_step(u32 index, struct walk *walk) {
    struct scratch *s = scratch_get();
    if (!s)
        return 1;
    if (walk->dentry == walk->root_dentry && walk->mount == walk->root_mount) {
        walk->end = WALK_ROOT;
        return 1;
    }
    struct dentry *parent = READ(walk->dentry->d_parent);
    if (walk->dentry == READ(walk->mount->mnt_root) || walk->dentry == parent) {
        struct mount *here = (void *)walk->mount - __builtin_preserve_field_info(((struct mount *)0)->mnt, 0);
        struct mount *above = READ(here->mnt_parent);
        if (above == here || !above) {
            walk->end = WALK_TOP;
            return 1;
        }
        walk->dentry = READ(here->mnt_mountpoint);
        walk->mount = &above->mnt;
        return 0;
    }
    u32 at = walk->at;
    BARRIER(at);
    if (at > ROOM + WALK_BYTES || at - walk->start > WALK_BYTES)
        return 1;
    long length = bpf_probe_read_kernel_str(&s->bytes[at], 256, READ(walk->dentry->d_name.name));
    if (length <= 0)
        return 1;
    walk->at = at + (length & 0x1ff);
    s->lengths[walk->steps & (WALK_STEPS - 1)] = length - 1;
    walk->steps++;
    walk->dentry = parent;
    return 0;
}

/* The components of a path, as PART_…_PATH and PART_CWD hold them; `path` is a struct path, `task` whose root counts. */
PART u32 part_walk(u32 at, u32 tag, u64 path_at, u64 task_at) {
    struct scratch *s = part_room(at);
    if (!s || at > ROOM)
        return at;
    struct path *path = (void *)path_at;
    struct task_struct *task = (void *)task_at;
    struct fs_struct *fs = READ(task->fs);
    struct walk walk = {
        .dentry = READ(path->dentry),
        .mount = READ(path->mnt),
        .root_dentry = READ(fs->root.dentry),
        .root_mount = READ(fs->root.mnt),
        .at = at + 5,
        .start = at,
        .end = WALK_CUT,
    };
    if (!walk.dentry || !walk.mount)
        return at;
    bpf_loop(WALK_STEPS, walk_step, &walk, 0);
    s->bytes[at + 4] = walk.end;
    s->steps = walk.steps;
    return part_end(s, at, tag, walk.at - at - 4);
}
