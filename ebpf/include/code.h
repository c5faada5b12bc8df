/* Where code that is not the program itself comes from: what is mapped to be executed, and what is opened to be run. */
#pragma once

#include "policy.h"

/* What overlayfs maps: a file of the layer below that remembers the path by which it was opened (since 6.8; before, f_path is
 * that path). */
struct backing_file {
    struct file file;
    struct path user_path;
} CORE;

enum {
    VM_EXEC = 4,
    S_IFREG = 0x8000,
    TMPFS_MAGIC = 0x01021994,
    HUGETLBFS_MAGIC = 0x958458f6,
    SECRETMEM_MAGIC = 0x5345434d,
};
enum origin { ORIGIN_IMAGE, ORIGIN_UPPER, ORIGIN_MEMFD, ORIGIN_FOREIGN };

/* The name under which the task opened the file. The kernel's mark of such a file has moved between versions, so what lies
 * behind the file is taken where it is a path: entry, inode and mount of one file system. */
INLINE struct dentry *opened_as(struct file *file) {
    struct backing_file *backing = (void *)file;
    if (FIELD_EXISTS(backing->user_path)) {
        struct dentry *dentry = READ(backing->user_path.dentry);
        struct vfsmount *mount = READ(backing->user_path.mnt);
        struct inode *inode = READ(dentry->d_inode);
        struct super_block *super = READ(dentry->d_sb);
        if (super && READ(inode->i_sb) == super && READ(mount->mnt_sb) == super)
            return dentry;
    }
    return READ(file->f_path.dentry);
}

/* Where a regular file comes from. The anonymous memory that the kernel keeps in files counts as the image's: just in time
 * compilers live in it. */
INLINE u32 origin(struct dentry *dentry) {
    struct inode *inode = READ(dentry->d_inode);
    if ((READ(inode->i_mode) & S_IFMT) != S_IFREG)
        return ORIGIN_IMAGE;
    struct super_block *super = READ(inode->i_sb);
    u64 magic = READ(super->s_magic);
    if (is_memfd(dentry) || magic == SECRETMEM_MAGIC)
        return ORIGIN_MEMFD;
    if (READ(dentry->d_parent) == dentry && (magic == TMPFS_MAGIC || magic == HUGETLBFS_MAGIC))
        return ORIGIN_IMAGE;
    u32 layer = overlay_layer(inode);
    if (layer == FILE_UPPER)
        return ORIGIN_UPPER;
    return layer == FILE_LOWER ? ORIGIN_IMAGE : ORIGIN_FOREIGN;
}

INLINE u32 library_violation(u32 asked, u32 origin) {
    if (origin == ORIGIN_MEMFD)
        return asked & DENY_MEMORY_CODE;
    return origin == ORIGIN_UPPER || (origin == ORIGIN_FOREIGN && asked & DENY_FOREIGN) ? asked & DENY_LIBRARIES : 0;
}

INLINE u32 script_violation(u32 asked, u32 origin) {
    int denied = origin == ORIGIN_UPPER || origin == ORIGIN_MEMFD || (origin == ORIGIN_FOREIGN && asked & DENY_FOREIGN);
    return denied ? asked & DENY_SCRIPTS : 0;
}

struct mapped {
    u64 at; /* where the area that was seen last ends */
    struct dentry *dentry; /* what is mapped there to be executed */
    u32 origin;
};

static long mapped_area(struct task_struct *task, struct vm_area_struct *area, struct mapped *mapped) {
    mapped->at = READ(area->vm_end);
    struct file *file = READ(area->vm_file);
    if (!file || !(READ(area->vm_flags) & VM_EXEC))
        return 0;
    mapped->dentry = opened_as(file);
    mapped->origin = origin(mapped->dentry);
    return 0;
}

/* The names of the file and of as many folders above it as fit, innermost first; `number` says whether that is all. */
INLINE void denial_path(struct denial *denial, struct dentry *dentry) {
    long length = bpf_probe_read_kernel_str(denial->detail, 64, READ(dentry->d_name.name));
    u32 at = length > 0 ? length & 0x7f : 64;
#pragma unroll
    for (int i = 0; i < 8; i++) {
        struct dentry *parent = READ(dentry->d_parent);
        if (parent == dentry)
            break;
        dentry = parent;
        if (READ(dentry->d_parent) == dentry) {
            denial->number = 1;
            break;
        }
        BARRIER(at);
        if (at > 32)
            break;
        length = bpf_probe_read_kernel_str(&denial->detail[at], 32, READ(dentry->d_name.name));
        if (length <= 0 || length >= 32) {
            /* A name that was cut is worse than none. */
            denial->detail[at & 63] = 0;
            break;
        }
        at += length & 0x1f;
    }
}
