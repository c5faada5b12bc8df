/* What is stopped without BPF-LSM: a program that the image does not contain is killed when it is loaded and before its
 * first instruction. The links and maps are pinned, so that this goes on when the agent is gone. */
#include "include/file.h"
#include "include/task.h"

char LICENSE[] SEC("license") = "GPL";

/* What is denied in a control group (cgroup_key); no entry: DEFAULTS decides for whatever is in a PID namespace. */
enum { DENY_UPPER = 1, DENY_MEMFD = 2, DENY_FOREIGN = 4 /* neither of the image nor written: a volume */, DRY_RUN = 8 };

struct {
    MAP_UINT(type, BPF_MAP_TYPE_HASH);
    MAP_UINT(max_entries, 16384);
    MAP_TYPE(key, u64);
    MAP_TYPE(value, u32);
} GROUPS SEC(".maps");

struct {
    MAP_UINT(type, BPF_MAP_TYPE_ARRAY);
    MAP_UINT(max_entries, 1);
    MAP_TYPE(key, u32);
    MAP_TYPE(value, u32);
} DEFAULTS SEC(".maps");

/* Denials, for the agent. Where nobody reads they are counted in LOST alone; the denial stands. */
struct denial {
    u64 time;
    u64 started;
    u64 cgroup;
    u64 inode;
    u32 pid;
    u32 reason;
    u32 dry_run;
    u32 padding;
};
struct {
    MAP_UINT(type, BPF_MAP_TYPE_RINGBUF);
    MAP_UINT(max_entries, 256 * 1024);
} DENIALS SEC(".maps");

struct {
    MAP_UINT(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    MAP_UINT(max_entries, 1);
    MAP_TYPE(key, u32);
    MAP_TYPE(value, u64);
} LOST SEC(".maps");

/* What of `policy` the executable violates; 0 for nothing. */
INLINE u32 violation(u32 policy, struct file *exe) {
    struct inode *inode = READ(exe->f_inode);
    struct dentry *dentry = READ(exe->f_path.dentry);
    if (is_memfd(dentry))
        return policy & DENY_MEMFD;
    u32 layer = overlay_layer(inode);
    if (layer == FILE_UPPER)
        return policy & DENY_UPPER;
    return layer == FILE_LOWER ? 0 : policy & DENY_FOREIGN;
}

SEC("tp_btf/sched_process_exec")
int seawall_deny_exec(u64 *context) {
    struct task_struct *task = bpf_get_current_task();
    u64 group = cgroup_key(task_cgroup(task));
    u32 *policy = bpf_map_lookup_elem(&GROUPS, &group);
    u32 zero = 0;
    if (!policy) {
        struct pid *pid = READ(task->thread_pid);
        if (!READ(pid->level))
            return 0;
        policy = bpf_map_lookup_elem(&DEFAULTS, &zero);
    }
    if (!policy || !*policy)
        return 0;
    u32 asked = *policy;
    struct mm_struct *mm = READ(task->mm);
    struct file *exe = READ(mm->exe_file);
    u32 reason = violation(asked, exe);
    if (!reason)
        return 0;
    if (!(asked & DRY_RUN))
        bpf_send_signal(9);
    struct task_struct *leader = READ(task->group_leader);
    struct inode *inode = READ(exe->f_inode);
    struct denial denial = {
        .time = bpf_ktime_get_boot_ns(),
        .started = READ(leader->start_boottime),
        .cgroup = group,
        .inode = READ(inode->i_ino),
        .pid = READ(task->tgid),
        .reason = reason,
        .dry_run = (asked & DRY_RUN) != 0,
    };
    if (bpf_ringbuf_output(&DENIALS, &denial, sizeof(denial), 0) != 0) {
        u64 *lost = bpf_map_lookup_elem(&LOST, &zero);
        if (lost)
            *lost += 1;
    }
    return 0;
}
