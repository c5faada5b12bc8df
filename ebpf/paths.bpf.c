/* Programs and files that a policy names by path: refused with BPF-LSM; without it programs are killed before their first
 * instruction. */
#include "include/code.h"
#include "include/paths.h"
#include "include/works.h"

char LICENSE[] SEC("license") = "GPL";

enum { FMODE_WRITE = 2, O_TRUNC = 01000 };
/* What is done to a file; crates/sensor/src/node/denials/words.rs has the same numbers. */
enum { DONE_READ, DONE_WRITE, DONE_MAKE, DONE_REMOVE, DONE_RENAME, DONE_LINK, DONE_CHANGE, DONE_MOVE_FOLDER };
/* Scripts that lead to scripts: the kernel follows no more. */
enum { SCRIPTS = 6 };

/* Tells, with the file's names as they are in its file system. */
INLINE void tell(struct task_struct *task, u64 group, u32 asked, u32 reason, u32 how, u32 number, struct dentry *dentry,
                 struct inode *inode) {
    struct denial denial;
    denial_of(&denial, task, group, asked, reason);
    denial.dry_run |= how;
    denial.inode = READ(inode->i_ino);
    denial_path(&denial, dentry);
    denial.number |= number;
    denial_tell(&denial);
}

struct scripts {
    struct callback_head *work;
    struct dentry *dentries[SCRIPTS];
    struct vfsmount *mounts[SCRIPTS];
    u32 count;
    u32 last; /* only the one that was closed first */
};

static long scripts_step(u32 index, struct scripts *scripts) {
    struct callback_head *work = scripts->work;
    if (!work)
        return 1;
    scripts->work = READ(work->next);
    struct file *file = file_of_work(work);
    if (!is_run(file))
        return 0;
    u32 at = scripts->last ? 0 : scripts->count;
    BARRIER(at);
    if (at >= SCRIPTS)
        return 1;
    scripts->dentries[at] = READ(file->f_path.dentry);
    scripts->mounts[at] = READ(file->f_path.mnt);
    scripts->count = at + 1;
    return 0;
}

struct found {
    struct dentry *dentry;
    u64 rules;
};

INLINE void look(struct found *found, struct dentry *dentry, struct vfsmount *mount, struct task_struct *task,
                 struct path_lists *lists, u64 parents) {
    u64 rules = path_rules(dentry, mount, task, lists->programs) | lists->any_program;
    u64 both = (rules & parents & ALL_RULES) | ((rules | parents) & PATH_UNKNOWN);
    if (!found->dentry && both & ALL_RULES) {
        found->dentry = dentry;
        found->rules = both;
    }
}

INLINE int kill(struct linux_binprm *run, u32 is_before) {
    struct task_struct *task = bpf_get_current_task_btf();
    u64 group = current_group();
    u32 asked = denied_to(task, group);
    if (!(asked & DENY_PROGRAMS))
        return 0;
    struct file *file = READ(run->file);
    struct path_lists missing = {.any_program = ~0u, .any_parent = ~0u};
    struct path_lists *lists = path_lists_of(group);
    if (!lists)
        lists = &missing;
    u64 parents = parent_rules(task, lists, is_before);
    struct found found = {};
    look(&found, READ(file->f_path.dentry), READ(file->f_path.mnt), task, lists, parents);
    /* The interpreter's name is another string than the script's where there is one. */
    if (READ(run->interp) != READ(run->filename) && lists->programs) {
        struct scripts scripts = {.work = READ(task->task_works), .count = some_zero(), .last = !is_before};
        bpf_loop(WORKS, scripts_step, &scripts, 0);
        struct file *kept = READ(run->executable);
        if (!scripts.count) {
            /* The interpreter gets the file itself (binfmt_misc); or else nobody can tell what it reads. */
            scripts.dentries[0] = READ(kept->f_path.dentry);
            scripts.mounts[0] = READ(kept->f_path.mnt);
            if (!kept && !found.dentry && parents & ALL_RULES) {
                found.dentry = READ(file->f_path.dentry);
                found.rules = parents | PATH_UNKNOWN;
            }
        }
        for (u32 i = 0; i < SCRIPTS && scripts.dentries[i]; i++)
            look(&found, scripts.dentries[i], scripts.mounts[i], task, lists, parents);
    }
    if (!found.dentry || is_run_entering(task, is_before ? BEFORE_RUN : AFTER_RUN))
        return 0;
    if (!(asked & DRY_RUN))
        bpf_send_signal(9);
    /* The event of this run is found by the inode of what runs. */
    tell(task, group, asked, DENY_PROGRAMS, 0, denied_by(found.rules, 0), found.dentry, READ(file->f_inode));
    return 0;
}

/* Since 6.10: what runs so far is still there, and is asked about as the parent is. */
SEC("tp_btf/sched_prepare_exec")
int seawall_deny_program(u64 *context) { return kill((void *)context[1], 1); }

SEC("tp_btf/sched_process_exec")
int seawall_deny_program_late(u64 *context) { return kill((void *)context[2], 0); }

/* For a script the hook is asked twice: of the script, then of its interpreter. */
SEC("lsm/bprm_check_security")
int seawall_refuse_program(u64 *context) {
    struct linux_binprm *run = (void *)context[0];
    struct task_struct *task = bpf_get_current_task();
    u64 group = current_group();
    u32 asked = denied_to(task, group);
    if (!(asked & DENY_PROGRAMS))
        return 0;
    struct path_lists missing = {.any_program = ~0u, .any_parent = ~0u};
    struct path_lists *lists = path_lists_of(group);
    if (!lists)
        lists = &missing;
    struct file *file = READ(run->file);
    struct found found = {};
    look(&found, READ(file->f_path.dentry), READ(file->f_path.mnt), task, lists, parent_rules(task, lists, 1));
    if (!found.dentry || is_run_entering(task, BEFORE_RUN))
        return 0;
    tell(task, group, asked, DENY_PROGRAMS, DENIAL_BEFORE, denied_by(found.rules, 0), found.dentry, READ(file->f_inode));
    return refused(asked);
}

/* Refuses what is done to a file that a list names; `folder`: or to a folder in which such files lie. */
INLINE int refuse_path(struct dentry *dentry, struct vfsmount *mount, u32 done, u32 is_folder) {
    struct task_struct *task = bpf_get_current_task();
    u64 group = current_group();
    u32 asked = denied_to(task, group);
    if (!(asked & DENY_FILES))
        return 0;
    struct path_lists missing = {.files = STATE_MATCH, .read = ~0u};
    struct path_lists *lists = path_lists_of(group);
    if (!lists)
        lists = &missing;
    if (done == DONE_READ && !lists->read)
        return 0;
    u64 rules = path_rules(dentry, mount, task, lists->files);
    if (done == DONE_READ)
        rules &= lists->read | PATH_UNKNOWN;
    if (is_folder && !(rules & ALL_RULES)) {
        rules = path_rules(dentry, mount, task, lists->folders);
        done = DONE_MOVE_FOLDER;
    }
    if (!(rules & ALL_RULES) || !asked_of(task, group, DENY_FILES))
        return 0;
    tell(task, group, asked, DENY_FILES, DENIAL_BEFORE, denied_by(rules, done), dentry, READ(dentry->d_inode));
    return refused(asked);
}

SEC("lsm/file_open")
int seawall_refuse_file(u64 *context) {
    struct file *file = (void *)context[0];
    u32 is_written = READ(file->f_mode) & FMODE_WRITE || READ(file->f_flags) & O_TRUNC;
    return refuse_path(READ(file->f_path.dentry), READ(file->f_path.mnt), is_written ? DONE_WRITE : DONE_READ, 0);
}

/* What is done to an entry of a folder, whose mount is the entry's. */
INLINE int refuse_entry(u64 *context, u32 done) {
    struct path *folder = (void *)context[0];
    return refuse_path((void *)READ(context[1]), READ(folder->mnt), done, 0);
}

SEC("lsm/path_mknod")
int seawall_refuse_make(u64 *context) { return refuse_entry(context, DONE_MAKE); }

SEC("lsm/path_mkdir")
int seawall_refuse_make_folder(u64 *context) { return refuse_entry(context, DONE_MAKE); }

SEC("lsm/path_symlink")
int seawall_refuse_make_link(u64 *context) { return refuse_entry(context, DONE_MAKE); }

SEC("lsm/path_unlink")
int seawall_refuse_remove(u64 *context) { return refuse_entry(context, DONE_REMOVE); }

SEC("lsm/path_rmdir")
int seawall_refuse_remove_folder(u64 *context) { return refuse_entry(context, DONE_REMOVE); }

/* Another name for the file, or this name for another file. */
SEC("lsm/path_link")
int seawall_refuse_link(u64 *context) {
    struct path *folder = (void *)context[1];
    struct vfsmount *mount = READ(folder->mnt);
    int result = refuse_path((void *)READ(context[0]), mount, DONE_LINK, 0);
    return result ? result : refuse_path((void *)READ(context[2]), mount, DONE_MAKE, 0);
}

INLINE u32 is_folder(struct dentry *dentry) {
    struct inode *inode = READ(dentry->d_inode);
    return (READ(inode->i_mode) & S_IFMT) == S_IFDIR;
}

SEC("lsm/path_rename")
int seawall_refuse_rename_listed(u64 *context) {
    struct path *from = (void *)context[0], *to = (void *)context[2];
    struct dentry *old = (void *)READ(context[1]), *new = (void *)READ(context[3]);
    u32 folder = is_folder(old) || is_folder(new);
    int result = refuse_path(old, READ(from->mnt), DONE_RENAME, folder);
    return result ? result : refuse_path(new, READ(to->mnt), DONE_RENAME, folder);
}

INLINE int refuse_change(u64 *context, u32 done) {
    struct path *path = (void *)context[0];
    return refuse_path(READ(path->dentry), READ(path->mnt), done, 0);
}

SEC("lsm/path_truncate")
int seawall_refuse_truncate(u64 *context) { return refuse_change(context, DONE_WRITE); }

SEC("lsm/path_chmod")
int seawall_refuse_mode(u64 *context) { return refuse_change(context, DONE_CHANGE); }

SEC("lsm/path_chown")
int seawall_refuse_owner(u64 *context) { return refuse_change(context, DONE_CHANGE); }
