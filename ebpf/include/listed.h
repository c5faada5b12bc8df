/* Programs by the digest of their content: what the agent hashed of the images' layers, and whether a file is what was
 * hashed. The kernel cannot hash a file when it is run, so it compares what no write leaves as it was. */
#pragma once

#include "code.h"

/* A file of a layer. crates/sensor/src/enforce/hashed.rs has the same shapes. */
struct file_key {
    u64 inode;
    u32 device;
    u32 padding;
};
struct hashed {
    u64 changed;
    u64 size;
    u8 digest[32];
    u32 listed; /* the image's list has it */
    u32 padding;
};
struct {
    MAP_UINT(type, BPF_MAP_TYPE_HASH);
    MAP_UINT(max_entries, 262144);
    MAP_UINT(map_flags, BPF_F_NO_PREALLOC);
    MAP_TYPE(key, struct file_key);
    MAP_TYPE(value, struct hashed);
} HASHED SEC(".maps");

/* Digests that an entry of the policy names. */
struct digest_key {
    u32 list;
    u8 digest[32];
};
struct {
    MAP_UINT(type, BPF_MAP_TYPE_HASH);
    MAP_UINT(max_entries, 65536);
    MAP_UINT(map_flags, BPF_F_NO_PREALLOC);
    MAP_TYPE(key, struct digest_key);
    MAP_TYPE(value, u32);
} DIGESTS SEC(".maps");

/* The list of a control group; that of group 0 holds where there is none. */
struct {
    MAP_UINT(type, BPF_MAP_TYPE_HASH);
    MAP_UINT(max_entries, 16384);
    MAP_TYPE(key, u64);
    MAP_TYPE(value, u32);
} DIGEST_LISTS SEC(".maps");

/* Why, as a denial's number; with it for what is no program: whether its path is whole, and what it is. */
enum { WHY_UNLISTED = 1, WHY_NOT_HASHED = 2, WHY_CHANGED = 3, WHY_NOT_OF_IMAGE = 4, WHY_DIGEST = 5 };
enum { WHY_WHOLE = 1 << 8, WHY_LIBRARY = 1 << 9, WHY_SCRIPT = 1 << 10 };
/* What `digest_violation` gives: the denial, and above it why. */
enum { WHY_SHIFT = 16, BY_DIGEST = DENY_UNLISTED | DENY_DIGESTS };

/* What lies below an inode of overlayfs (struct ovl_path, struct ovl_entry). */
struct overlay_below {
    void *layer;
    struct dentry *dentry;
};
struct overlay_list {
    u64 count; /* the lower half */
    struct overlay_below first;
};

/* The inode of an entry where both fit together. */
INLINE struct inode *fitting(struct dentry *dentry) {
    struct inode *inode = READ(dentry->d_inode);
    struct super_block *super = READ(dentry->d_sb);
    return super && READ(inode->i_sb) == super ? inode : NULL;
}

/* The file of the layer that an inode of overlayfs shows. It is kept behind the entry of the upper layer: since 6.5 in a list,
 * before that in the inode itself. overlayfs may be a module, whose types the loader does not know; so what is there is
 * taken where it is an entry with its inode. */
INLINE struct inode *lower_inode(struct inode *inode) {
    void *behind = (void *)inode + TYPE_SIZE(struct inode) + sizeof(void *);
    struct overlay_list list = {0}, *at = NULL;
    struct overlay_below below = {0};
    bpf_probe_read_kernel(&at, sizeof(at), behind);
    bpf_probe_read_kernel(&list, sizeof(list), at);
    struct inode *lower = fitting(list.first.dentry);
    /* More than one: content and name lie in different layers (metacopy), which engines do not make. */
    if (lower)
        return (u32)list.count == 1 ? lower : NULL;
    bpf_probe_read_kernel(&below, sizeof(below), behind);
    return fitting(below.dentry);
}

INLINE u32 is_named(u64 group, struct hashed *hashed) {
    u64 others = 0;
    u32 *list = bpf_map_lookup_elem(&DIGEST_LISTS, &group);
    if (!list)
        list = bpf_map_lookup_elem(&DIGEST_LISTS, &others);
    if (!list)
        return 0;
    struct digest_key key = {.list = *list};
    __builtin_memcpy(key.digest, hashed->digest, sizeof(key.digest));
    return bpf_map_lookup_elem(&DIGESTS, &key) != NULL;
}

/* What forbids a file of which nothing is known; 0 where digests do not count. */
INLINE u32 forbids_unknown(u32 asked) { return asked & DENY_UNLISTED ? DENY_UNLISTED : asked & DENY_DIGESTS; }

/* Which of DENY_UNLISTED and DENY_DIGESTS forbids to run this file, and why. Whatever cannot be told is forbidden. */
PART u32 digest_violation(u32 asked, u64 group, u64 inode_at) {
    struct inode *inode = (void *)inode_at;
    u32 unknown = forbids_unknown(asked);
    if (!unknown)
        return 0;
    if (overlay_layer(inode) != FILE_LOWER)
        return unknown | WHY_NOT_OF_IMAGE << WHY_SHIFT;
    struct inode *lower = lower_inode(inode);
    struct super_block *super = READ(lower->i_sb);
    struct file_key key = {.inode = READ(lower->i_ino), .device = READ(super->s_dev)};
    struct hashed *hashed = bpf_map_lookup_elem(&HASHED, &key);
    if (!hashed)
        return unknown | WHY_NOT_HASHED << WHY_SHIFT;
    if (hashed->changed != inode_changed(lower) || hashed->size != (u64)READ(lower->i_size))
        return unknown | WHY_CHANGED << WHY_SHIFT;
    if (asked & DENY_DIGESTS && is_named(group, hashed))
        return DENY_DIGESTS | WHY_DIGEST << WHY_SHIFT;
    return hashed->listed || !(asked & DENY_UNLISTED) ? 0 : DENY_UNLISTED | WHY_UNLISTED << WHY_SHIFT;
}

/* The two halves of what may also be another denial. */
INLINE u32 denied_by(u32 reason) { return reason & BY_DIGEST ? reason & BY_DIGEST : reason; }
INLINE u32 why(u32 reason) { return reason & BY_DIGEST ? reason >> WHY_SHIFT : 0; }

/* What it says of a file that was told by its path and is no program: WHY_LIBRARY or WHY_SCRIPT. */
INLINE void denial_why(struct denial *denial, u32 reason, u32 what) {
    if (reason & BY_DIGEST)
        denial->number = why(reason) | (denial->number ? WHY_WHOLE : 0) | what;
}

/* Whether it is a file that has a place, and not the kernel's own memory. */
INLINE int is_placed(struct dentry *dentry) {
    struct inode *inode = READ(dentry->d_inode);
    return (READ(inode->i_mode) & S_IFMT) == S_IFREG && READ(dentry->d_parent) != dentry;
}

/* The same of code that a program maps: judged where dropped libraries are denied too. */
INLINE u32 code_violation(u32 asked, u64 group, struct dentry *dentry) {
    struct inode *inode = READ(dentry->d_inode);
    if (!(asked & DENY_UNLISTED) || !(asked & DENY_LIBRARIES) || overlay_layer(inode) == FILE_UPPER)
        return 0;
    return digest_violation(DENY_UNLISTED, group, (u64)inode);
}
