/* Scripts: the kernel runs their interpreter, which the image contains. The script itself was opened to be run, and is closed
 * with the works that wait for the end of the call: there it is found, the file that was read and no other. */
#include "include/code.h"
#include "include/listed.h"
#include "include/works.h"

char LICENSE[] SEC("license") = "GPL";

struct search {
    struct callback_head *work;
    struct dentry *dentry;
    u64 group;
    u32 asked;
    u32 denied;
    u32 last;
};

INLINE u32 violation(u32 asked, u64 group, struct dentry *dentry) {
    u32 denied = script_violation(asked, origin(dentry));
    return denied ? denied : digest_violation(asked, group, (u64)READ(dentry->d_inode));
}

/* What forbids a script of which nothing is known. */
INLINE u32 unknown(u32 asked) {
    return asked & DENY_SCRIPTS ? DENY_SCRIPTS : forbids_unknown(asked) | WHY_NOT_HASHED << WHY_SHIFT;
}

static long search_step(u32 index, struct search *search) {
    struct callback_head *work = search->work;
    if (!work)
        return 1;
    search->work = READ(work->next);
    struct file *file = file_of_work(work);
    if (!is_run(file))
        return 0;
    search->dentry = READ(file->f_path.dentry);
    search->denied = violation(search->asked, search->group, search->dentry);
    return search->denied && !search->last;
}

/* Kills where a file denies it that was opened to be run: any, or only the one that was closed first. */
INLINE int judge(struct linux_binprm *run, u32 last) {
    /* The interpreter's name is another string than the script's where there is one. */
    if (READ(run->interp) == READ(run->filename))
        return 0;
    struct task_struct *task = bpf_get_current_task_btf();
    u64 group = cgroup_key(task_cgroup(task));
    u32 asked = denied_to(task, group);
    if (!(asked & (DENY_SCRIPTS | BY_DIGEST)))
        return 0;
    struct search search = {.work = READ(task->task_works), .group = group, .asked = asked, .last = last};
    bpf_loop(WORKS, search_step, &search, 0);
    if (!search.dentry) {
        /* The interpreter gets the file itself (binfmt_misc); or else nobody can tell what it reads. */
        struct file *kept = READ(run->executable);
        search.dentry = kept ? READ(kept->f_path.dentry) : NULL;
        search.denied = kept ? violation(asked, group, search.dentry) : unknown(asked);
    }
    if (!search.denied)
        return 0;
    if (!(asked & DRY_RUN))
        bpf_send_signal(9);
    struct denial denial;
    denial_of(&denial, task, group, asked, denied_by(search.denied));
    /* The event of this run is found by the interpreter's inode. */
    struct file *interpreter = READ(run->file);
    struct inode *inode = READ(interpreter->f_inode);
    denial.inode = READ(inode->i_ino);
    if (search.dentry)
        denial_path(&denial, search.dentry);
    denial_why(&denial, search.denied, WHY_SCRIPT);
    denial_tell(&denial);
    return 0;
}

/* Since 6.10: the old program is still there, so that nothing else that was opened to be run is being closed. */
SEC("tp_btf/sched_prepare_exec")
int seawall_deny_script(u64 *context) { return judge((void *)context[1], 0); }

/* Before: the old program and its loader were closed too, after the script. */
SEC("tp_btf/sched_process_exec")
int seawall_deny_script_late(u64 *context) { return judge((void *)context[2], 1); }
