/* From a dentry to the path that the process sees. bpf_d_path is not allowed in the programs that need it. */
#pragma once

#include "scratch.h"

enum { WALK_BYTES = 4096 - 256 };

struct walk {
    struct dentry *dentry;
    struct vfsmount *mount;
    struct dentry *mount_root;
    struct dentry *root_dentry;
    struct vfsmount *root_mount;
    u32 at;
    u32 start;
    u32 end;
    u32 steps;
};

INLINE struct mount *mount_of(struct vfsmount *mount) { return (void *)mount - FIELD_AT(((struct mount *)0)->mnt); }

/* From the root of a mount to where it is mounted; false where nothing is above it. */
INLINE u32 walk_out(struct dentry **dentry, struct vfsmount **mount) {
    struct mount *here = mount_of(*mount);
    struct mount *above = READ(here->mnt_parent);
    if (above == here || !above)
        return 0;
    *dentry = READ(here->mnt_mountpoint);
    *mount = &above->mnt;
    return 1;
}

/* A struct path, both of its fields at once. */
INLINE struct path read_path(u64 from) {
    u64 words[2] = {0};
    bpf_probe_read_kernel(words, sizeof(words), (void *)from);
    return (struct path){
        .mnt = (void *)words[FIELD_AT(((struct path *)0)->mnt) / 8 & 1],
        .dentry = (void *)words[FIELD_AT(((struct path *)0)->dentry) / 8 & 1],
    };
}

/* The beginning of a dentry, read at once: each call of the helper costs more than the bytes. */
enum { DENTRY_BYTES = 96, NAME_BYTES = 32 };
union dentry_bytes {
    u8 bytes[DENTRY_BYTES];
    u64 words[DENTRY_BYTES / 8];
};
#define DENTRY_AT(field) FIELD_AT(((struct dentry *)0)->field)
#define DENTRY_FIELD(read, field) (*(typeof(((struct dentry *)0)->field) *)&(read)->bytes[DENTRY_AT(field)])

INLINE u32 dentry_name_at(void) {
    struct dentry___before_6_14 *old = NULL;
    return FIELD_EXISTS(old->d_iname) ? FIELD_AT(old->d_iname) : DENTRY_AT(d_shortname);
}

/* Whether this kernel has all that is wanted of a dentry in these bytes. The loader tells: it is no check at run time. */
INLINE u32 dentry_fits(void) {
    return DENTRY_AT(d_parent) <= DENTRY_BYTES - 8 && DENTRY_AT(d_name.name) <= DENTRY_BYTES - 8 &&
           DENTRY_AT(d_name.len) <= DENTRY_BYTES - 4 && dentry_name_at() <= DENTRY_BYTES - NAME_BYTES;
}

/* The name of a dentry and a zero byte to `at`; gives the bytes of both, or none. */
INLINE long walk_name(struct scratch *s, u32 at, struct walk *walk, union dentry_bytes *read) {
    const unsigned char *name = DENTRY_FIELD(read, d_name.name);
    u32 length = DENTRY_FIELD(read, d_name.len);
    if ((u64)name == (u64)walk->dentry + dentry_name_at() && length < NAME_BYTES) {
        u64 *from = (u64 *)&read->bytes[dentry_name_at()];
        u64 *to = (u64 *)&s->bytes[at];
#pragma unroll
        for (int i = 0; i < NAME_BYTES / 8; i++)
            to[i] = from[i];
        /* Anything else is a name that is being changed. */
        if (s->bytes[at + length] == 0)
            return length + 1;
    }
    return bpf_probe_read_kernel_str(&s->bytes[at], 256, name);
}

static long walk_step(u32 index, struct walk *walk) {
    struct scratch *s = scratch_get();
    if (!s || !dentry_fits())
        return 1;
    if (walk->dentry == walk->root_dentry && walk->mount == walk->root_mount) {
        walk->end = WALK_ROOT;
        return 1;
    }
    union dentry_bytes read;
    bpf_probe_read_kernel(&read, sizeof(read), walk->dentry);
    struct dentry *parent = DENTRY_FIELD(&read, d_parent);
    if (walk->dentry == walk->mount_root || walk->dentry == parent) {
        if (walk_out(&walk->dentry, &walk->mount)) {
            walk->mount_root = READ(walk->mount->mnt_root);
            return 0;
        }
        walk->end = WALK_TOP;
        return 1;
    }
    u32 at = walk->at;
    BARRIER(at);
    if (at > ROOM + WALK_BYTES || at - walk->start > WALK_BYTES)
        return 1;
    long length = walk_name(s, at, walk, &read);
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
    struct path path = read_path(path_at);
    struct task_struct *task = (void *)task_at;
    struct fs_struct *fs = READ(task->fs);
    struct path root = read_path((u64)&fs->root);
    struct walk walk = {
        .dentry = path.dentry,
        .mount = path.mnt,
        .mount_root = READ(path.mnt->mnt_root),
        .root_dentry = root.dentry,
        .root_mount = root.mnt,
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
