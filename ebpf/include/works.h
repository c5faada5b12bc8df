/* The works that wait for the end of a task's call: files that it has closed are among them. */
#pragma once

#include "kernel.h"

enum {
    FMODE_EXEC = 0x20, /* in f_flags: the kernel's own, no caller can ask for it */
    /* Works that are looked through: more than a process can have open files. */
    WORKS = 1 << 20,
};

INLINE struct file *file_of_work(struct callback_head *work) {
    struct file *file = NULL;
    struct file___before_6_5 *old = NULL;
    if (FIELD_EXISTS(file->f_task_work))
        return (void *)work - (u64)&file->f_task_work;
    return (void *)work - (u64)&old->f_rcuhead;
}

/* Works are not only of files: one is where everything fits together. */
INLINE int is_run(struct file *file) {
    if (!(READ(file->f_flags) & FMODE_EXEC))
        return 0;
    struct inode *inode = READ(file->f_inode);
    struct dentry *dentry = READ(file->f_path.dentry);
    return inode && dentry && READ(dentry->d_inode) == inode && READ(dentry->d_sb) == READ(inode->i_sb);
}
