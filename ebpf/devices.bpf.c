/* What of the machine a container reaches although it has namespaces of its own: devices, and settings below /proc/sys.
 * Attached as the programs of network.bpf.c are. */
#include "include/policy.h"

char LICENSE[] SEC("license") = "GPL";

/* Contexts as the kernel shows them to programs (include/uapi/linux/bpf.h). */
struct bpf_cgroup_dev_ctx {
    u32 access_type; /* access << 16 | type */
    u32 major;
    u32 minor;
};
struct bpf_sysctl {
    u32 write;
    u32 file_pos;
};
enum { DEVICE_BLOCK = 1, DEVICE_CHARACTER = 2 };

/* null, zero, full, random, urandom; tty, console, ptmx; terminals. */
INLINE int is_ordinary(u32 type, u32 major, u32 minor) {
    if (type != DEVICE_CHARACTER)
        return 0;
    if (major == 1)
        return minor == 3 || minor == 5 || minor == 7 || minor == 8 || minor == 9;
    return (major == 5 && minor <= 2) || (major >= 136 && major <= 143);
}

SEC("cgroup/dev")
int seawall_device(struct bpf_cgroup_dev_ctx *context) {
    u32 type = context->access_type & 0xffff;
    u32 major = context->major, minor = context->minor;
    if (is_ordinary(type, major, minor))
        return 1;
    struct task_struct *task = bpf_get_current_task();
    u64 group = cgroup_key(task_cgroup(task));
    u32 asked = denied_to(task, group);
    if (!(asked & DENY_DEVICES))
        return 1;
    struct denial denial;
    denial_of(&denial, task, group, asked, DENY_DEVICES);
    denial.number = major << 20 | (minor & 0xfffff);
    denial.detail[0] = type == DEVICE_BLOCK ? 'b' : 'c';
    denial.detail[1] = context->access_type >> 16;
    denial_tell(&denial);
    return (asked & DRY_RUN) != 0;
}

INLINE int begins(const u8 *name, const char *with, u32 length) {
    int differs = 0;
#pragma unroll
    for (u32 i = 0; i < length; i++)
        differs |= name[i] ^ (u8)with[i];
    return !differs;
}
#define BEGINS(name, with) begins(name, with, sizeof(with) - 1)

/* Whether the task's network is another than that of the machine's first process. */
INLINE int has_own_net(struct task_struct *task) {
    struct pid *pid = READ(task->thread_pid);
    struct pid_namespace *first = READ(pid->numbers[0].ns);
    struct task_struct *init = READ(first->child_reaper);
    struct nsproxy *theirs = READ(init->nsproxy), *ours = READ(task->nsproxy);
    return READ(theirs->net_ns) != READ(ours->net_ns);
}

/* Settings that a namespace has for itself. Those of the network are the container's where its network is. */
INLINE int is_own_setting(const u8 *name, struct task_struct *task) {
    if (BEGINS(name, "net/"))
        return has_own_net(task);
    return BEGINS(name, "kernel/hostname\0") || BEGINS(name, "kernel/domainname\0") || BEGINS(name, "kernel/shm") ||
           BEGINS(name, "kernel/msg") || BEGINS(name, "kernel/sem\0") || BEGINS(name, "fs/mqueue/") ||
           BEGINS(name, "user/");
}

SEC("cgroup/sysctl")
int seawall_setting(struct bpf_sysctl *context) {
    if (!context->write)
        return 1;
    struct task_struct *task = bpf_get_current_task();
    u64 group = cgroup_key(task_cgroup(task));
    u32 asked = denied_to(task, group);
    if (!(asked & DENY_SETTINGS))
        return 1;
    struct denial denial;
    denial_of(&denial, task, group, asked, DENY_SETTINGS);
    /* A name that is too long is cut, and still one. */
    bpf_sysctl_get_name(context, (char *)denial.detail, sizeof(denial.detail), 0);
    if (is_own_setting(denial.detail, task))
        return 1;
    denial_tell(&denial);
    return (asked & DRY_RUN) != 0;
}
