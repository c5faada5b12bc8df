/* Signals to the agent, by whomever: also the last one, of which the agent itself can tell nothing any more. They are kept in
 * a queue that outlives it, for the next agent. */
#include "include/task.h"

char LICENSE[] SEC("license") = "GPL";

/* crates/sensor/src/node/own/signals.rs reads these bytes. */
struct sent {
    u64 time;
    u64 started; /* of the sender */
    u64 cgroup;
    u32 pid; /* the sender; without meaning where the kernel sent it by itself */
    u32 parent;
    u32 uid;
    u32 target;
    u32 signal;
    u32 by_kernel;
    u32 contained; /* the sender is in a PID namespace of its own */
    u32 length;
    char name[16];
    char parent_name[16];
    char arguments[128]; /* of the sender, as they lie in memory */
};

struct {
    MAP_UINT(type, BPF_MAP_TYPE_QUEUE);
    MAP_UINT(max_entries, 256);
    MAP_TYPE(value, struct sent);
} SIGNALS SEC(".maps");

/* Agents that began and have not said that they end: by PID, when the process was made. The next agent looks here for one
 * that is gone without a word. */
struct {
    MAP_UINT(type, BPF_MAP_TYPE_HASH);
    MAP_UINT(max_entries, 64);
    MAP_TYPE(key, u32);
    MAP_TYPE(value, u64);
} AGENTS SEC(".maps");

/* The agent that attached this program, and how many signals found no room. */
struct watched {
    u32 pid;
    u32 missed;
};
struct {
    MAP_UINT(type, BPF_MAP_TYPE_ARRAY);
    MAP_UINT(max_entries, 1);
    MAP_TYPE(key, u32);
    MAP_TYPE(value, struct watched);
} WATCHED SEC(".maps");

enum { SIGHUP = 1, SIGKILL = 9, SIGCHLD = 17, SIGCONT = 18, SIGSTOP = 19, SIGURG = 23, SIGWINCH = 28 };
enum { SEND_SIG_PRIV = 1 };

/* Signals that neither end nor halt anything, and SIGHUP, by which log rotation asks the agent to open its files again. */
INLINE u32 is_harmless(u32 signal) {
    return signal == SIGHUP || signal == SIGCHLD || signal == SIGCONT || signal == SIGURG || signal == SIGWINCH;
}

SEC("tp_btf/signal_generate")
int seawall_signal(u64 *context) {
    u32 zero = 0;
    struct task_struct *target = (void *)context[2];
    u32 signal = context[0];
    struct watched *watched = bpf_map_lookup_elem(&WATCHED, &zero);
    if (!watched || READ(target->tgid) != watched->pid || is_harmless(signal))
        return 0;
    struct task_struct *task = bpf_get_current_task();
    struct task_struct *leader = READ(task->group_leader);
    if (READ(task->tgid) == watched->pid)
        return 0;
    /* As a number: it is an address, or says by itself who sent it. */
    u64 info_at = 0;
    bpf_probe_read_kernel(&info_at, sizeof(info_at), &context[1]);
    struct kernel_siginfo *info = (void *)info_at;
    /* The thread that made it may have a name of its own. */
    struct task_struct *maker = READ(leader->real_parent);
    struct task_struct *parent = READ(maker->group_leader);
    struct cred *cred = READ(task->cred);
    struct mm_struct *mm = READ(task->mm);
    struct pid *pid = READ(task->thread_pid);
    struct sent sent;
    __builtin_memset(&sent, 0, sizeof(sent));
    sent.time = bpf_ktime_get_boot_ns();
    sent.started = READ(leader->start_boottime);
    sent.cgroup = cgroup_key(task_cgroup(task));
    sent.pid = READ(task->tgid);
    sent.parent = READ(parent->tgid);
    sent.uid = READ(cred->uid).value;
    sent.target = watched->pid;
    sent.signal = signal;
    sent.by_kernel = info_at == SEND_SIG_PRIV || (info_at > SEND_SIG_PRIV && READ(info->si_code) > 0);
    sent.contained = READ(pid->level) != 0;
    bpf_probe_read_kernel(sent.name, sizeof(sent.name), &leader->comm);
    bpf_probe_read_kernel(sent.parent_name, sizeof(sent.parent_name), &parent->comm);
    u64 from = READ(mm->arg_start), length = READ(mm->arg_end) - from;
    u32 bounded = length > sizeof(sent.arguments) ? sizeof(sent.arguments) : length;
    BARRIER(bounded);
    if (mm && bounded <= sizeof(sent.arguments) &&
        bpf_probe_read_user(sent.arguments, bounded, (void *)from) == 0)
        sent.length = bounded;
    /* What ends or halts the agent is kept in any case, in the place of the oldest where there is no room. */
    u64 flags = signal == SIGKILL || signal == SIGSTOP ? BPF_EXIST : BPF_ANY;
    if (bpf_map_push_elem(&SIGNALS, &sent, flags) != 0)
        __sync_fetch_and_add(&watched->missed, 1);
    return 0;
}
