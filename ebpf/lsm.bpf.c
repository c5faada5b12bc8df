/* What is stopped with BPF-LSM: each program stands in a hook of the kernel's security modules and refuses the call. */
#include "include/refuse.h"

#include "include/code.h"
#include "include/listed.h"

char LICENSE[] SEC("license") = "GPL";

enum { PROT_EXEC = 4, FMODE_WRITE = 2, PTRACE_MODE_ATTACH = 2, LOADING_MODULE = 2 };
enum { SIGHUP = 1, SIGINT = 2, SIGTERM = 15 };
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
    u32 from = origin(opened_as(file));
    return from == ORIGIN_MEMFD ? memory : from == ORIGIN_UPPER ? upper : from == ORIGIN_FOREIGN ? foreign : 0;
}

/* For a script the hook is asked twice: of the script, then of its interpreter. */
SEC("lsm/bprm_check_security")
int seawall_refuse_exec(u64 *context) {
    struct linux_binprm *binprm = (void *)context[0];
    struct file *file = binprm->file;
    struct task_struct *task = bpf_get_current_task();
    u64 group = cgroup_key(task_cgroup(task));
    u32 asked = denied_to(task, group);
    if (!asked) {
        outsider_add(task);
        return 0;
    }
    if (is_run_entering(task, BEFORE_RUN))
        return 0;
    char first[2] = {0};
    bpf_probe_read_kernel(first, sizeof(first), &binprm->buf);
    u32 reason;
    if (first[0] == '#' && first[1] == '!')
        reason = asked & DENY_SCRIPTS & foreign(file, DENY_SCRIPTS, DENY_SCRIPTS, asked & DENY_FOREIGN ? DENY_SCRIPTS : 0);
    else
        reason = asked & foreign(file, DENY_UPPER, DENY_MEMFD, DENY_FOREIGN);
    if (!reason)
        reason = digest_violation(asked, group, (u64)READ(file->f_inode));
    return reason ? refuse_file_for(task, group, asked, denied_by(reason), why(reason), file, &file->f_path) : 0;
}

/* Why code of the file may not be mapped; 0 where it may. The program itself was judged when it was run. */
INLINE u32 mapping(struct task_struct *task, u64 group, u32 *asked, struct file *file) {
    *asked = asked_of(task, group, DENY_LIBRARIES | DENY_MEMORY_CODE);
    if (!*asked)
        return 0;
    struct file *exe = task_exe(task);
    if (READ(exe->f_path.dentry) == opened_as(file))
        return 0;
    u32 reason = *asked & foreign(file, DENY_LIBRARIES, DENY_MEMORY_CODE, *asked & DENY_FOREIGN ? DENY_LIBRARIES : 0);
    return reason || !is_placed(opened_as(file)) ? reason : code_violation(*asked, group, opened_as(file));
}

INLINE int refuse_code(struct task_struct *task, u64 group, u32 asked, u32 reason, struct file *file, struct path *path) {
    u32 number = reason & BY_DIGEST ? why(reason) | WHY_LIBRARY : 0;
    return refuse_file_for(task, group, asked, denied_by(reason), number, file, path);
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
    return reason ? refuse_code(task, group, asked, reason, file, &file->f_path) : 0;
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
    return reason ? refuse_code(task, group, asked, reason, file, NULL) : 0;
}

/* Sixteen bytes of a name as two numbers in registers: else clang calls memcmp, which is not there. */
#define NAMED(text) (first == ((union sixteen){text}).numbers[0] && second == ((union sixteen){text}).numbers[1])
union sixteen {
    char text[16];
    u64 numbers[2];
};

/* The kernel starts programs by these files, or does at once what is written to them. */
INLINE u32 is_setting(struct inode *inode, struct dentry *dentry) {
    struct super_block *super = READ(inode->i_sb);
    unsigned long magic = READ(super->s_magic);
    u64 name[2] = {0};
    bpf_probe_read_kernel_str(name, sizeof(name), READ(dentry->d_name.name));
    u64 first = name[0], second = name[1];
    BARRIER(first);
    BARRIER(second);
    if (magic == PROC_MAGIC)
        return NAMED("core_pattern") || NAMED("modprobe") || NAMED("hotplug") || NAMED("poweroff_cmd") ||
               NAMED("sysrq") || NAMED("sysrq-trigger");
    if (magic == SYSFS_MAGIC)
        return NAMED("uevent_helper");
    if (magic == CGROUP_MAGIC)
        return NAMED("release_agent");
    return magic == BINFMT_MAGIC && NAMED("register");
}

SEC("lsm/file_open")
int seawall_refuse_open(u64 *context) {
    struct file *file = (void *)context[0];
    if (!(file->f_mode & FMODE_WRITE))
        return 0;
    struct task_struct *task = bpf_get_current_task();
    if (!is_setting(READ(file->f_inode), READ(file->f_path.dentry)))
        return 0;
    u64 group = cgroup_key(task_cgroup(task));
    u32 asked = asked_of(task, group, DENY_SETTINGS);
    return asked ? refuse_file(task, group, asked, DENY_SETTINGS, file, &file->f_path) : 0;
}

INLINE int refuse_mount(struct dentry *dentry) {
    struct task_struct *task = bpf_get_current_task();
    u64 group = cgroup_key(task_cgroup(task));
    u32 asked = asked_of(task, group, DENY_MOUNTS);
    return asked ? refuse(task, group, asked, DENY_MOUNTS, 0, dentry, NULL) : 0;
}

SEC("lsm/sb_mount")
int seawall_refuse_mount(u64 *context) {
    struct path *to = (void *)context[1];
    return refuse_mount(READ(to->dentry));
}

/* Where a mount of the newer calls (fsopen, open_tree) is put. */
SEC("lsm/move_mount")
int seawall_refuse_move(u64 *context) {
    struct path *to = (void *)context[1];
    return refuse_mount(READ(to->dentry));
}

SEC("lsm/sb_pivotroot")
int seawall_refuse_pivot(u64 *context) {
    struct path *to = (void *)context[0];
    return refuse_mount(READ(to->dentry));
}

INLINE u32 runs_as_agent(struct task_struct *task, struct agent *agent) {
    return agent && agent->pid && READ(task->tgid) == agent->pid && is_agent(task, agent);
}

SEC("lsm/ptrace_access_check")
int seawall_refuse_ptrace(u64 *context) {
    struct task_struct *other = (void *)context[0];
    if (!(context[1] & PTRACE_MODE_ATTACH))
        return 0;
    struct task_struct *task = bpf_get_current_task();
    u64 group = cgroup_key(task_cgroup(task));
    if (runs_as_agent(other, agent_get())) {
        u32 asked = asked_of_tampering(task, group);
        if (asked)
            return refuse(task, group, asked, DENY_TAMPERING, TAMPERING_TRACE, NULL, other);
    }
    u32 asked = asked_of(task, group, DENY_PTRACE);
    return asked ? refuse(task, group, asked, DENY_PTRACE, READ(other->tgid), NULL, other) : 0;
}

/* Refuses a call of the current task where its container's policy denies it. */
INLINE int refuse_current(u32 denial, u32 number, struct dentry *dentry) {
    struct task_struct *task = bpf_get_current_task();
    u64 group = cgroup_key(task_cgroup(task));
    u32 asked = asked_of(task, group, denial);
    return asked ? refuse(task, group, asked, denial, number, dentry, NULL) : 0;
}

/* A process asks to be traced by its parent, as debuggers start what they debug. */
SEC("lsm/ptrace_traceme")
int seawall_refuse_traceme(u64 *context) { return refuse_current(DENY_PTRACE, 0, NULL); }

SEC("lsm/bpf")
int seawall_refuse_bpf(u64 *context) {
    struct task_struct *task = bpf_get_current_task();
    struct agent *agent = agent_get();
    if (agent && !agent->exe_inode && READ(task->tgid) == agent->pid) {
        struct file *exe = task_exe(task);
        struct inode *inode = READ(exe->f_inode);
        struct super_block *super = READ(inode->i_sb);
        agent->exe_device = READ(super->s_dev);
        agent->exe_inode = READ(inode->i_ino);
        return 0;
    }
    return refuse_current(DENY_BPF, (u32)context[0], NULL);
}

INLINE int refuse_module(struct file *file) {
    return refuse_current(DENY_MODULES, 0, file ? READ(file->f_path.dentry) : NULL);
}

/* finit_module */
SEC("lsm/kernel_read_file")
int seawall_refuse_module_file(u64 *context) {
    return (u32)context[1] == LOADING_MODULE ? refuse_module((void *)context[0]) : 0;
}

/* init_module */
SEC("lsm/kernel_load_data")
int seawall_refuse_module(u64 *context) { return (u32)context[0] == LOADING_MODULE ? refuse_module(NULL) : 0; }

SEC("lsm/userns_create")
int seawall_refuse_userns(u64 *context) { return refuse_current(DENY_NAMESPACES, 0, NULL); }

/* An administrator may ask the agent to end or to open its files again, and so may the service manager do anything. */
SEC("lsm/task_kill")
int seawall_refuse_kill(u64 *context) {
    struct task_struct *other = (void *)context[0];
    u32 signal = context[2];
    struct agent *agent = agent_get();
    if (!signal || !runs_as_agent(other, agent))
        return 0;
    struct task_struct *task = bpf_get_current_task();
    u64 group = cgroup_key(task_cgroup(task));
    u32 asked = asked_of_tampering(task, group);
    u32 is_polite = signal == SIGTERM || signal == SIGINT || signal == SIGHUP;
    if (!asked || (!denied_to(task, group) && (is_polite || READ(task->tgid) == 1)))
        return 0;
    return refuse(task, group, asked, DENY_TAMPERING, signal, NULL, other);
}

/* The agent is gone: what it left may be taken out by whoever may do so without it. */
SEC("lsm/task_free")
int seawall_agent_gone(u64 *context) {
    struct task_struct *task = (void *)context[0];
    struct agent *agent = agent_get();
    if (agent && agent->pid && READ(task->pid) == agent->pid)
        agent->pid = 0;
    return 0;
}

INLINE u32 is_pinned(struct inode *folder, struct agent *agent) {
    struct super_block *super = READ(folder->i_sb);
    return agent && agent->pins_inode && READ(folder->i_ino) == agent->pins_inode &&
           READ(super->s_dev) == agent->pins_device;
}

INLINE int refuse_change(struct inode *folder, struct dentry *dentry) {
    struct agent *agent = agent_get();
    struct inode *inode = READ(dentry->d_inode);
    if (!agent || (!is_pinned(folder, agent) && !(inode && is_file_of_agent(inode, agent))))
        return 0;
    struct task_struct *task = bpf_get_current_task();
    u64 group = cgroup_key(task_cgroup(task));
    /* Another program in the agent's place is an upgrade, where it is not a container that puts it there. */
    if (!is_pinned(folder, agent) && !denied_to(task, group))
        return 0;
    u32 asked = asked_of_tampering(task, group);
    return asked ? refuse(task, group, asked, DENY_TAMPERING, TAMPERING_FILE, dentry, NULL) : 0;
}

SEC("lsm/inode_unlink")
int seawall_refuse_unlink(u64 *context) { return refuse_change((void *)context[0], (void *)context[1]); }

SEC("lsm/inode_rename")
int seawall_refuse_rename(u64 *context) {
    int result = refuse_change((void *)context[0], (void *)context[1]);
    return result ? result : refuse_change((void *)context[2], (void *)context[3]);
}

SEC("lsm/sb_umount")
int seawall_refuse_umount(u64 *context) {
    struct vfsmount *mount = (void *)context[0];
    struct super_block *super = READ(mount->mnt_sb);
    struct agent *agent = agent_get();
    struct dentry *top = READ(mount->mnt_root);
    if (agent && agent->pins_inode && READ(super->s_dev) == agent->pins_device) {
        struct task_struct *task = bpf_get_current_task();
        u64 group = cgroup_key(task_cgroup(task));
        u32 asked = asked_of_tampering(task, group);
        if (asked)
            return refuse(task, group, asked, DENY_TAMPERING, TAMPERING_FILE, top, NULL);
    }
    return refuse_mount(top);
}

/* Whoever gets hold of the maps writes another policy, or reads denials before the agent. */
SEC("lsm/bpf_map")
int seawall_refuse_map(u64 *context) {
    void *map = (void *)context[0];
    if (map != (void *)&GROUPS && map != (void *)&DEFAULTS && map != (void *)&DENIALS && map != (void *)&AGENT &&
        map != (void *)&HASHED && map != (void *)&DIGESTS && map != (void *)&DIGEST_LISTS)
        return 0;
    struct task_struct *task = bpf_get_current_task();
    u64 group = cgroup_key(task_cgroup(task));
    u32 asked = asked_of_tampering(task, group);
    return asked ? refuse(task, group, asked, DENY_TAMPERING, TAMPERING_POLICY, NULL, NULL) : 0;
}
