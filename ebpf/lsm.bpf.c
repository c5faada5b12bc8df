/* What is stopped with BPF-LSM: each program stands in a hook of the kernel's security modules and refuses the call. */
#include "include/refuse.h"

char LICENSE[] SEC("license") = "GPL";

enum { PROT_EXEC = 4, FMODE_WRITE = 2, PTRACE_MODE_ATTACH = 2, LOADING_MODULE = 2 };
enum { SIGHUP = 1, SIGINT = 2, SIGKILL = 9, SIGSTOP = 19 };
enum { PROC_MAGIC = 0x9fa0, SYSFS_MAGIC = 0x62656572, CGROUP_MAGIC = 0x27e0eb, BINFMT_MAGIC = 0x42494e4d };

/* Whether this kernel asks such programs at all, which loading and attaching them does not tell: the agent attaches this
 * one for a moment, and its own next call has to fail. */
SEC("lsm/bpf")
int seawall_trial(u64 *context) {
    struct agent *agent = agent_get();
    return agent && agent->pid == bpf_get_current_pid_tgid() >> 32 ? -EPERM : 0;
}

/* What kind of foreign file: `upper`, `memory` or `foreign` where `asked` denies that. */
INLINE u32 foreign(struct file *file, u32 upper, u32 memory, u32 foreign) {
    struct inode *inode = READ(file->f_inode);
    if (is_memfd(READ(file->f_path.dentry)))
        return memory;
    u32 layer = overlay_layer(inode);
    return layer == FILE_UPPER ? upper : layer == FILE_LOWER ? 0 : foreign;
}

/* For a script the hook is asked twice: of the script, then of its interpreter. */
SEC("lsm/bprm_check_security")
int seawall_refuse_exec(u64 *context) {
    struct linux_binprm *binprm = (void *)context[0];
    struct file *file = binprm->file;
    struct task_struct *task = bpf_get_current_task();
    u64 group = cgroup_key(task_cgroup(task));
    u32 asked = denied_to(task, group);
    if (!asked)
        return 0;
    char first[2] = {0};
    bpf_probe_read_kernel(first, sizeof(first), &binprm->buf);
    u32 reason;
    if (first[0] == '#' && first[1] == '!')
        reason = asked & DENY_SCRIPTS & foreign(file, DENY_SCRIPTS, DENY_SCRIPTS, asked & DENY_FOREIGN ? DENY_SCRIPTS : 0);
    else
        reason = asked & foreign(file, DENY_UPPER, DENY_MEMFD, DENY_FOREIGN);
    return reason ? refuse_file(task, group, asked, reason, file, &file->f_path) : 0;
}

/* Why code of the file may not be mapped; 0 where it may. The program itself was judged when it was run. */
INLINE u32 mapping(struct task_struct *task, u64 group, u32 *asked, struct file *file) {
    *asked = asked_of(task, group, DENY_LIBRARIES | DENY_MEMORY_CODE);
    if (!*asked)
        return 0;
    struct file *exe = task_exe(task);
    if (READ(exe->f_inode) == READ(file->f_inode))
        return 0;
    return *asked & foreign(file, DENY_LIBRARIES, DENY_MEMORY_CODE, *asked & DENY_FOREIGN ? DENY_LIBRARIES : 0);
}

SEC("lsm/mmap_file")
int seawall_refuse_mmap(u64 *context) {
    struct file *file = (void *)context[0];
    if (!file || !(context[2] & PROT_EXEC))
        return 0;
    struct task_struct *task = bpf_get_current_task();
    u64 group = cgroup_key(task_cgroup(task));
    u32 asked;
    u32 reason = mapping(task, group, &asked, file);
    return reason ? refuse_file(task, group, asked, reason, file, NULL) : 0;
}

SEC("lsm/file_mprotect")
int seawall_refuse_mprotect(u64 *context) {
    struct vm_area_struct *area = (void *)context[0];
    struct file *file = READ(area->vm_file);
    if (!file || !(context[2] & PROT_EXEC))
        return 0;
    struct task_struct *task = bpf_get_current_task();
    u64 group = cgroup_key(task_cgroup(task));
    u32 asked;
    u32 reason = mapping(task, group, &asked, file);
    return reason ? refuse_file(task, group, asked, reason, file, NULL) : 0;
}
