/* What is stopped without BPF-LSM: a program that the image does not contain is killed when it is loaded and before its
 * first instruction. The links and maps are pinned, so that this goes on when the agent is gone. */
#include "include/entering.h"
#include "include/listed.h"

char LICENSE[] SEC("license") = "GPL";

/* What of `asked` the executable violates; 0 for nothing. */
INLINE u32 violation(u32 asked, struct file *exe) {
    struct inode *inode = READ(exe->f_inode);
    struct dentry *dentry = READ(exe->f_path.dentry);
    if (is_memfd(dentry))
        return asked & DENY_MEMFD;
    u32 layer = overlay_layer(inode);
    if (layer == FILE_UPPER)
        return asked & DENY_UPPER;
    return layer == FILE_LOWER ? 0 : asked & DENY_FOREIGN;
}

SEC("tp_btf/sched_process_exec")
int seawall_deny_exec(u64 *context) {
    struct task_struct *task = bpf_get_current_task();
    u64 group = cgroup_key(task_cgroup(task));
    u32 asked = denied_to(task, group);
    if (!asked) {
        outsider_add(task);
        return 0;
    }
    if (is_run_entering(task, AFTER_RUN))
        return 0;
    struct mm_struct *mm = READ(task->mm);
    struct file *exe = READ(mm->exe_file);
    struct inode *inode = READ(exe->f_inode);
    u32 reason = violation(asked, exe);
    if (!reason)
        reason = digest_violation(asked, group, (u64)inode);
    if (!reason)
        return 0;
    if (!(asked & DRY_RUN))
        bpf_send_signal(9);
    struct denial denial;
    denial_of(&denial, task, group, asked, denied_by(reason));
    denial.number = why(reason);
    denial.inode = READ(inode->i_ino);
    denial_tell(&denial);
    return 0;
}
