/* What is stopped without BPF-LSM where the kernel has no hook that refuses: the process is killed for the call. At the entry
 * where a signal that is pending keeps the kernel from doing it, or where the arguments are numbers; at the end where only
 * the kernel knows what the call gave (docs/decisions/0015-killing-for-a-call.md). */
#include "include/calls.h"
#include "include/cut.h"
#include "include/refuse.h"
#include "include/uring.h"

char LICENSE[] SEC("license") = "GPL";

enum { CLONE_FILES = 0x400, CLONE_THREAD = 0x10000, CLONE_NEWUSER = 0x10000000 };
/* Every kind of namespace. */
enum { CLONE_NEW = 0x7e020080 };
enum { AF_PACKET = 17, AF_XDP = 44, PROC_MAGIC = 0x9fa0 };
enum { SYS_SOCKET = 1, SIGNAL_GROUP_EXIT = 4, CAP_NET_RAW = 13, CAP_SYS_MODULE = 16, CAP_SYS_ADMIN = 21, CAP_SYS_BOOT = 22 };
/* What is denied by what a descriptor is: another process that shares the table of descriptors would keep it. */
enum { DESCRIPTORS = DENY_RAW | DENY_PTRACE | DENY_BPF };

/* Which denials these programs answer: what the policy asks for and nothing refuses. */
struct {
    MAP_UINT(type, BPF_MAP_TYPE_ARRAY);
    MAP_UINT(max_entries, 1);
    MAP_TYPE(key, u32);
    MAP_TYPE(value, u32);
} CALLS_ANSWERED SEC(".maps");

/* The flags with which a process was made, until it comes to its first instruction. */
struct {
    MAP_UINT(type, BPF_MAP_TYPE_TASK_STORAGE);
    MAP_UINT(map_flags, BPF_F_NO_PREALLOC);
    MAP_TYPE(key, int);
    MAP_TYPE(value, u64);
} MADE SEC(".maps");

INLINE u32 answered(void) {
    u32 zero = 0;
    u32 *bits = bpf_map_lookup_elem(&CALLS_ANSWERED, &zero);
    return bits ? *bits : 0;
}

INLINE void deny(struct task_struct *task, u64 group, u32 asked, u32 reason, u32 call, u32 number) {
    if (!(asked & DRY_RUN))
        bpf_send_signal(9);
    struct denial denial;
    denial_of(&denial, task, group, asked, reason);
    denial.dry_run |= DENIAL_CALL;
    denial.number = number;
    denial.detail[0] = call;
    denial_tell(&denial);
}

/* Kills for one of `bits` that the policy of the task's container denies. */
INLINE void judge(struct task_struct *task, u32 bits, u32 call, u32 number) {
    bits &= answered();
    if (!bits)
        return;
    u64 group = cgroup_key(task_cgroup(task));
    u32 asked = asked_of(task, group, bits);
    if (asked)
        deny(task, group, asked, asked & bits & -(asked & bits), call, number);
}

INLINE u32 has(struct task_struct *task, u32 capability) {
    struct cred *cred = READ(task->cred);
    return (READ(cred->cap_effective).value >> capability) & 1;
}

/* As judge, for what reaches the network: a container that is cut has no such thing either. */
INLINE void judge_packets(struct task_struct *task, u32 family, u32 call) {
    if ((family != AF_PACKET && family != AF_XDP) || !has(task, CAP_NET_RAW))
        return;
    u64 group = cgroup_key(task_cgroup(task));
    if (bpf_map_lookup_elem(&QUARANTINE, &group))
        deny(task, group, 0, DENY_QUARANTINED, call, family);
    else
        judge(task, DENY_RAW, call, family);
}

SEC("tp_btf/sys_enter")
int seawall_deny_call(u64 *context) {
    struct task_struct *task = bpf_get_current_task_btf();
    u32 old = is_old(task);
    u32 call = call_at_entry((u32)context[1] & ~X32, old);
    /* Nearly every call ends here. */
    if (!call)
        return 0;
    struct pt_regs *registers = (void *)context[0];
    u64 first = argument(registers, old, 0);
    switch (call) {
    case CALL_PACKETS:
        judge_packets(task, first, call);
        break;
    case CALL_SOCKETCALL:
        /* Another thread may write these: what came of it is looked at when the call ends. */
        if (first == SYS_SOCKET) {
            u32 family = 0;
            bpf_probe_read_user(&family, sizeof(family), (void *)argument(registers, old, 1));
            judge_packets(task, family, CALL_PACKETS);
        }
        break;
    case CALL_MEMORY: {
        /* Its own memory a process may read as it likes. */
        struct task_struct *leader = READ(task->group_leader);
        if ((u32)first != pid_number(READ(leader->thread_pid), NULL))
            judge(task, DENY_PTRACE, call, first);
        break;
    }
    case CALL_PTRACE:
        judge(task, DENY_PTRACE, call, argument(registers, old, 1));
        break;
    case CALL_DESCRIPTOR:
        judge(task, DENY_PTRACE, call, 0);
        break;
    case CALL_BPF:
        judge(task, DENY_BPF, call, first);
        break;
    /* What the kernel refuses anyway for want of a capability need not cost a process its life. */
    case CALL_MOUNT:
        if (has(task, CAP_SYS_ADMIN) && ((u32)context[1] != OPEN_TREE || argument(registers, old, 2) & OPEN_TREE_CLONE))
            judge(task, DENY_MOUNTS, call, 0);
        break;
    case CALL_MODULE:
        if (has(task, CAP_SYS_MODULE))
            judge(task, DENY_MODULES, call, 0);
        break;
    case CALL_KEXEC:
        if (has(task, CAP_SYS_BOOT))
            judge(task, DENY_MODULES, call, 0);
        break;
    }
    return 0;
}

/* /proc/PID/mem of another process: what is kept with the file is whose memory it is. */
INLINE u32 is_foreign_memory(struct task_struct *task, struct file *file) {
    struct inode *inode = READ(file->f_inode);
    struct super_block *super = READ(inode->i_sb);
    if (READ(super->s_magic) != PROC_MAGIC)
        return 0;
    struct dentry *dentry = READ(file->f_path.dentry);
    struct dentry *parent = READ(dentry->d_parent);
    u32 name = 0;
    u8 above = 0;
    bpf_probe_read_kernel(&name, sizeof(name), READ(dentry->d_name.name));
    bpf_probe_read_kernel(&above, sizeof(above), READ(parent->d_name.name));
    void *memory = READ(file->private_data);
    return name == 0x6d656d /* "mem" and its end */ && above >= '0' && above <= '9' && memory && memory != READ(task->mm);
}

INLINE struct user_namespace *task_users(struct task_struct *task) {
    struct cred *cred = READ(task->cred);
    return READ(cred->user_ns);
}

/* In another user namespace than the first process that it sees: the container's own is that one's. */
INLINE u32 is_with_other_users(struct task_struct *task) {
    struct pid_namespace *space = NULL;
    pid_number(READ(task->thread_pid), &space);
    return task_users(task) != task_users(READ(space->child_reaper));
}

INLINE void judge_spaces(struct task_struct *task, u64 flags) {
    if (flags & CLONE_NEWUSER)
        judge(task, DENY_NAMESPACES | DENY_SPACES, CALL_USERS, 0);
    else if (flags & CLONE_NEW)
        judge(task, DENY_SPACES, CALL_SPACES, 0);
}

/* A process that was just made, before its first instruction. */
INLINE void judge_child(struct task_struct *task) {
    u64 *made = bpf_task_storage_get(&MADE, task, NULL, 0);
    if (!made)
        return;
    u64 flags = *made;
    bpf_task_storage_delete(&MADE, task);
    u64 group = cgroup_key(task_cgroup(task));
    judge_spaces(task, flags);
    if (!(flags & CLONE_FILES) || flags & CLONE_THREAD)
        return;
    if (bpf_map_lookup_elem(&QUARANTINE, &group))
        deny(task, group, 0, DENY_QUARANTINED, CALL_SHARE, 0);
    else
        judge(task, DESCRIPTORS, CALL_SHARE, 0);
}

SEC("tp_btf/sys_exit")
int seawall_deny_result(u64 *context) {
    struct pt_regs *registers = (void *)context[0];
    struct task_struct *task = bpf_get_current_task_btf();
    u32 old = is_old(task);
    u32 result = call_at_exit(registers->orig_ax & ~X32, old);
    s64 value = old ? (s32)context[1] : (s64)context[1];
    /* Nearly every call ends here. */
    if (result == RESULT_NONE || value < 0)
        return 0;
    if (result == RESULT_CHILD) {
        if (!value)
            judge_child(task);
    } else if (result == RESULT_UNSHARE) {
        judge_spaces(task, argument(registers, old, 0));
    } else if (result == RESULT_SETNS) {
        judge(task, (is_with_other_users(task) ? DENY_NAMESPACES : 0) | DENY_SPACES, CALL_ENTER, 0);
    } else if (result == RESULT_SOCKET) {
        struct signal_struct *signal = READ(task->signal);
        if (READ(signal->flags) & SIGNAL_GROUP_EXIT)
            return 0;
        struct file *file = current_file(value);
        struct inode *inode = READ(file->f_inode);
        if ((READ(inode->i_mode) & S_IFMT) != S_IFSOCK)
            return 0;
        struct socket *socket = READ(file->private_data);
        struct sock *sock = READ(socket->sk);
        judge_packets(task, READ(sock->__sk_common.skc_family), CALL_PACKETS);
    } else if (answered() & DENY_PTRACE && is_foreign_memory(task, current_file(value))) {
        judge(task, DENY_PTRACE, CALL_OPEN_MEMORY, 0);
    }
    return 0;
}

/* The flags of clone3 lie in memory that another thread may write: here are those that the kernel took. */
SEC("tp_btf/task_newtask")
int seawall_deny_child(u64 *context) {
    struct task_struct *task = (void *)context[0];
    u64 flags = context[1];
    if (!(flags & CLONE_NEW) && (!(flags & CLONE_FILES) || flags & CLONE_THREAD))
        return 0;
    if (task->flags & PF_KTHREAD)
        return 0;
    bpf_task_storage_get(&MADE, task, &flags, BPF_LOCAL_STORAGE_GET_F_CREATE);
    return 0;
}

INLINE int judge_request(struct io_kiocb *request) {
    if (READ(request->opcode) != OP_SOCKET)
        return 0;
    struct io_socket *socket = (void *)request;
    judge_packets(bpf_get_current_task_btf(), READ(socket->domain), CALL_URING_PACKETS);
    return 0;
}

SEC("tp_btf/io_uring_submit_req")
int seawall_deny_request(u64 *context) { return judge_request((void *)context[0]); }

/* Older kernels (Debian's 6.1) have another name for it. */
SEC("tp_btf/io_uring_submit_sqe")
int seawall_deny_request_late(u64 *context) { return judge_request((void *)context[0]); }
