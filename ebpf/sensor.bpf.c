/* The sensor's programs: what processes do, as records in two rings. Life and death of processes have a ring of their
 * own, so that a flood of anything else cannot hide an exec. */
#include "include/fair.h"
#include "include/file.h"
#include "include/filter.h"
#include "include/task.h"
#include "include/walk.h"

char LICENSE[] SEC("license") = "GPL";

struct {
    MAP_UINT(type, BPF_MAP_TYPE_RINGBUF);
    MAP_UINT(max_entries, 8 * 1024 * 1024);
} LIFE SEC(".maps");

struct {
    MAP_UINT(type, BPF_MAP_TYPE_RINGBUF);
    MAP_UINT(max_entries, 16 * 1024 * 1024);
} EVENTS SEC(".maps");

struct {
    MAP_UINT(type, BPF_MAP_TYPE_ARRAY);
    MAP_UINT(max_entries, CALLS);
    MAP_TYPE(key, u32);
    MAP_TYPE(value, struct call);
} WANTED SEC(".maps");

struct {
    MAP_UINT(type, BPF_MAP_TYPE_ARRAY);
    MAP_UINT(max_entries, 1);
    MAP_TYPE(key, u32);
    MAP_TYPE(value, struct settings);
} SETTINGS SEC(".maps");

/* The path as it was before the call, with the thread. */
enum { ENTER_BYTES = 256, ENTER_WORDS = ENTER_BYTES / 8, NO_CALL = ~0u };
union entered_path {
    char text[ENTER_BYTES];
    u64 words[ENTER_WORDS];
};
struct entered {
    u64 number;
    union entered_path before;
    union entered_path after;
};
struct {
    MAP_UINT(type, BPF_MAP_TYPE_TASK_STORAGE);
    MAP_UINT(map_flags, BPF_F_NO_PREALLOC);
    MAP_TYPE(key, int);
    MAP_TYPE(value, struct entered);
} ENTERED SEC(".maps");

INLINE struct settings *settings(void) {
    u32 zero = 0;
    return bpf_map_lookup_elem(&SETTINGS, &zero);
}

INLINE void send(void *ring, struct scratch *s, u32 size, u64 kind, u32 class) {
    BARRIER(size);
    if (size > ROOM + SLACK)
        return;
    s->record.size = size;
    if (bpf_ringbuf_output(ring, s, size, 0) != 0)
        count_lost(s->record.cgroup, kind, class);
}

/* The same, where a group's share of a ring that fills is bounded. */
INLINE void send_fair(void *ring, struct scratch *s, u32 size, u64 kind, u32 class, u32 unfair, u32 from, u32 share) {
    if (bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) >= from &&
        !has_share(s->record.cgroup, kind, size, share, bpf_ringbuf_query(ring, BPF_RB_CONS_POS)))
        count_lost(s->record.cgroup, kind, unfair);
    else
        send(ring, s, size, kind, class);
}

/* Of the life of processes. What begins, runs and ends has shares of its own: the many processes of a group that floods take
 * none of the room of what these run. A record that is lost is made good later: user space looks at every task again. */
INLINE void send_life(struct scratch *s, u32 size) {
    struct settings *asked = settings();
    u64 kind = LIFE_KIND | (u64)s->record.kind << 16;
    if (asked)
        send_fair(&LIFE, s, size, kind, LOST_LIFE, LOST_LIFE, asked->life_fair_from, asked->life_share);
}

SEC("tp_btf/sched_process_exec")
int seawall_exec(u64 *context) {
    u64 task_at = (u64)bpf_get_current_task();
    struct task_struct *task = (void *)task_at;
    struct linux_binprm *binary = (void *)context[2];
    struct scratch *s = scratch_get();
    struct settings *asked = settings();
    if (!s || !asked)
        return 0;
    struct mm_struct *mm = READ(task->mm);
    struct file *exe = READ(mm->exe_file);
    struct fs_struct *fs = READ(task->fs);
    u64 arguments = READ(mm->arg_start), environment = READ(mm->env_start);
    u32 at = record_start(RECORD_EXEC, task_at);
    struct pt_regs *registers = (void *)bpf_task_pt_regs(bpf_get_current_task_btf());
    s->record.number = READ(registers->orig_ax);
    at = part_task(at, task_at);
    at = part_cgroup(at, task_at);
    at = part_file(at, PART_EXE, (u64)exe);
    at = part_walk(at, PART_EXE_PATH, (u64)&exe->f_path, task_at);
    at = part_kernel_string(at, PART_FILENAME, (u64)READ(binary->filename));
    at = part_walk(at, PART_CWD, (u64)&fs->pwd, task_at);
    at = part_user_bytes(at, PART_ARGUMENTS, arguments, READ(mm->arg_end) - arguments);
    if (asked->environment)
        at = part_user_bytes(at, PART_ENVIRONMENT, environment, READ(mm->env_end) - environment);
    send_life(s, at);
    return 0;
}

SEC("tp_btf/sched_process_fork")
int seawall_fork(u64 *context) {
    struct task_struct *child = (void *)context[1];
    struct scratch *s = scratch_get();
    if (!s || READ(child->pid) != READ(child->tgid))
        return 0;
    u64 child_at = as_number(s, child);
    u32 at = record_start(RECORD_FORK, child_at);
    at = part_task(at, child_at);
    at = part_cgroup(at, child_at);
    send_life(s, at);
    return 0;
}

SEC("tp_btf/sched_process_exit")
int seawall_exit(u64 *context) {
    struct task_struct *task = bpf_get_current_task();
    struct signal_struct *signal = READ(task->signal);
    struct scratch *s = scratch_get();
    if (!s || READ(signal->live).counter > 0)
        return 0;
    send_life(s, record_start(RECORD_EXIT, (u64)task));
    return 0;
}

/* What ran before the guard: every task once, read through an iterator. */
struct iterator_task {
    void *meta;
    struct task_struct *task;
};
SEC("iter/task")
int seawall_tasks(struct iterator_task *context) {
    struct task_struct *task = context->task;
    struct scratch *s = scratch_get();
    if (!task || !s || READ(task->pid) != READ(task->tgid))
        return 0;
    u64 task_at = as_number(s, task);
    struct mm_struct *mm = READ(task->mm);
    struct file *exe = READ(mm->exe_file);
    struct fs_struct *fs = READ(task->fs);
    u32 at = record_start(RECORD_TASK, task_at);
    at = part_task(at, task_at);
    at = part_cgroup(at, task_at);
    if (exe) {
        at = part_file(at, PART_EXE, (u64)exe);
        at = part_walk(at, PART_EXE_PATH, (u64)&exe->f_path, task_at);
    }
    if (fs)
        at = part_walk(at, PART_CWD, (u64)&fs->pwd, task_at);
    send(&LIFE, s, at, LIFE_KIND, LOST_LIFE);
    return 0;
}

/* Argument `index` of the record that is being made. */
INLINE u64 argument(const u64 *arguments, s8 index) {
    u32 bounded = index & 7;
    BARRIER(bounded);
    return bounded < 6 ? arguments[bounded] : 0;
}

INLINE void read_arguments(struct pt_regs *registers, u64 *arguments) {
    arguments[0] = registers->di;
    arguments[1] = registers->si;
    arguments[2] = registers->dx;
    arguments[3] = registers->r10;
    arguments[4] = registers->r8;
    arguments[5] = registers->r9;
}

/* What a relative path starts from: the working directory or an open folder. */
PART u32 part_folder(u32 at, u32 tag, u64 task_at, s64 descriptor) {
    struct task_struct *task = (void *)task_at;
    if ((s32)descriptor == AT_FDCWD) {
        struct fs_struct *fs = READ(task->fs);
        return part_walk(at, tag, (u64)&fs->pwd, task_at);
    }
    struct file *file = current_file((s32)descriptor);
    return file ? part_walk(at, tag, (u64)&file->f_path, task_at) : at;
}

SEC("tp_btf/sys_enter")
int seawall_enter(u64 *context) {
    struct pt_regs *registers = (void *)context[0];
    u32 number = context[1];
    struct call *call = bpf_map_lookup_elem(&WANTED, &number);
    if (!call || !call->enter || (!call->enter_host && is_host()))
        return 0;
    u64 path = call->path[0] == 0 ? registers->di : registers->si;
    struct entered *entered =
        bpf_task_storage_get(&ENTERED, bpf_get_current_task_btf(), NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
    if (!entered)
        return 0;
    __builtin_memset(&entered->before, 0, sizeof(entered->before));
    /* A path whose page is not there yet cannot be read here; it cannot be compared then. */
    long length = bpf_probe_read_user_str(entered->before.text, sizeof(entered->before), (void *)path);
    entered->number = length > 1 ? number : NO_CALL;
    return 0;
}

/* The path before the call, where it is another than the one after it, which lies at `text`. */
PART u32 part_entered(u32 at, u32 text, u32 number) {
    struct entered *entered = bpf_task_storage_get(&ENTERED, bpf_get_current_task_btf(), NULL, 0);
    struct scratch *s = scratch_get();
    /* One register for check and use: 6.1 forgets the bounds of what it reads twice from the stack. */
    BARRIER(at);
    BARRIER(text);
    if (!entered || !s || entered->number != number || text > ROOM || at > ROOM)
        return at;
    entered->number = NO_CALL;
    __builtin_memset(&entered->after, 0, sizeof(entered->after));
    bpf_probe_read_kernel_str(entered->after.text, sizeof(entered->after), &s->bytes[text]);
    u64 differs = 0;
#pragma unroll
    for (int i = 0; i < ENTER_WORDS; i++)
        differs |= entered->before.words[i] ^ entered->after.words[i];
    if (!differs)
        return at;
    long length = bpf_probe_read_kernel_str(&s->bytes[at + 4], ENTER_BYTES, entered->before.text);
    return part_end(s, at, PART_ENTER1, length < 0 ? 0 : length);
}

/* The address that a message names. */
PART u32 part_message(u32 at, u64 pointer) {
    struct user_msghdr message = {0};
    bpf_probe_read_user(&message, sizeof(message), (void *)pointer);
    return part_user_bytes(at, PART_SOCKADDR, (u64)message.msg_name, message.msg_namelen & 0xff);
}

/* Calls of bpf that give a map or a link to whoever asks, by its number or its pin. */
INLINE u32 is_bpf_open(u32 command) {
    return command == BPF_OBJ_GET || command == BPF_MAP_GET_FD_BY_ID || command == BPF_LINK_GET_FD_BY_ID;
}

/* What bpf was asked for: the first number of its attributes as the fourth argument, and a pin as text. */
PART u32 part_bpf(u32 at, u64 command, u64 attributes) {
    struct scratch *s = scratch_get();
    u64 first = 0;
    if (!s || bpf_probe_read_user(&first, sizeof(first), (void *)attributes) != 0)
        return at;
    s->record.arguments[3] = first;
    return (u32)command == BPF_OBJ_GET ? part_user_string(at, PART_TEXT, first) : at;
}

/* Whether the path that lies at `path` can be one that somebody wants; a relative one with the folder that was walked last,
 * whose part lies at `folder` and ends before `behind`. */
PART u32 part_wanted_name(u32 path, u32 folder, u32 behind, u32 start) {
    if (!start)
        return 0;
    /* What it is relative to could not be told. */
    if (folder && folder == behind)
        return 1;
    u32 state = part_run_string(path, start);
    if (state <= STATE_MATCH)
        return state == STATE_MATCH;
    if (folder)
        state = part_run_walked(folder, state, 1);
    return is_match(state);
}

INLINE u32 is_relative(struct scratch *s, u32 path) {
    u32 text = path + 4;
    BARRIER(text);
    return text <= ROOM && s->bytes[text] != '/';
}

/* Whether the path of the file, which was walked last and lies at `walked`, is what the call was given, made absolute: the
 * file is in the folder that the path was relative to, and its name is the path. */
PART u32 part_is_child(u32 path, u32 walked, s64 folder, s64 descriptor) {
    struct scratch *s = scratch_get();
    struct file *file = current_file(descriptor);
    if (!s || !file || !s->steps)
        return 0;
    struct path own = read_path((u64)&file->f_path);
    struct path base;
    if ((s32)folder == AT_FDCWD) {
        struct task_struct *task = bpf_get_current_task_btf();
        struct fs_struct *fs = task->fs;
        base.mnt = fs->pwd.mnt;
        base.dentry = fs->pwd.dentry;
    } else {
        struct file *opened = current_file((s32)folder);
        if (!opened)
            return 0;
        base = read_path((u64)&opened->f_path);
    }
    if (own.mnt != base.mnt || READ(own.dentry->d_parent) != base.dentry)
        return 0;
    /* One register for check and use: see part_entered. */
    BARRIER(path);
    BARRIER(walked);
    if (path > ROOM || walked > ROOM)
        return 0;
    u32 length = *(u16 *)&s->bytes[path + 2];
    if (length > NAME_BYTES || length != s->lengths[0] + 1)
        return 0;
    u64 differs = 0;
#pragma unroll
    for (u32 i = 0; i < NAME_BYTES / 8; i++) {
        u64 both = *(u64 *)&s->bytes[path + 4 + i * 8] ^ *(u64 *)&s->bytes[walked + 5 + i * 8];
        if (i * 8 + 8 <= length)
            differs |= both;
        else if (i * 8 < length)
            differs |= both << (64 - (length - i * 8) * 8);
    }
    return !differs;
}

/* Whether the file that was opened is none of a container's upper layer. */
INLINE u32 is_lower(s64 descriptor) {
    struct file *file = current_file(descriptor);
    return file && overlay_layer(READ(file->f_inode)) != FILE_UPPER;
}

SEC("tp_btf/sys_exit")
int seawall_sys_exit(u64 *context) {
    struct pt_regs *registers = (void *)context[0];
    s64 result = context[1];
    u32 number = registers->orig_ax;
    struct call *call = bpf_map_lookup_elem(&WANTED, &number);
    if (!call || !call->wanted || (call->only_success == 1 && result < 0) || (call->only_success == 2 && result >= 0))
        return 0;
    /* Most of what this call can do is of no interest. */
    if (call->chosen == 1 && registers->si != call->choice)
        return 0;
    struct scratch *s = scratch_get();
    struct settings *asked = settings();
    if (!s || !asked || asked->own_pid == bpf_get_current_pid_tgid() >> 32)
        return 0;
    u32 at = record_begin(s, RECORD_SYSCALL, number, result);
    u64 *arguments = s->record.arguments;
    read_arguments(registers, arguments);
    struct row *row = NULL, *raced = NULL;
    if (call->filtered) {
        u32 access = call->access < 0 ? ACCESS_UNKNOWN : argument(arguments, call->access) & 3;
        u32 known = access * CONTEXT_ACCESS | (result < 0 ? CONTEXT_FAILED : 0);
        if (is_host())
            known |= CONTEXT_HOST;
        else if (result >= 0 && call->descriptor == RETURNED && is_lower(result))
            known |= CONTEXT_LOWER;
        row = row_of(number, known);
        raced = call->enter ? row_of(number, known | CONTEXT_RACED) : NULL;
        if (row && row->verdict == VERDICT_DROP && (!raced || raced->verdict == VERDICT_DROP))
            return 0;
        if (row && row->verdict == VERDICT_OPENS && !is_bpf_open(arguments[0]))
            return 0;
    }
    u64 task = (u64)bpf_get_current_task();
    u32 path = at, relative = 0;
    s64 folder = call->folder[0] < 0 ? AT_FDCWD : (s32)argument(arguments, call->folder[0]);
    if (call->path[0] >= 0) {
        at = part_user_string(at, PART_PATH1, argument(arguments, call->path[0]));
        relative = is_relative(s, path);
        if (call->enter) {
            u32 behind = part_entered(at, path + 4, number);
            if (behind != at) {
                row = raced;
                at = behind;
            }
        }
        if (row && row->verdict == VERDICT_DROP)
            return 0;
    }
    u32 matched = !row || row->verdict != VERDICT_PATHS;
    u32 walked = at;
    s64 descriptor = call->descriptor == RETURNED ? result : (s32)argument(arguments, call->descriptor);
    if (call->descriptor >= 0)
        at = part_descriptor_path(at, task, descriptor);
    if (!matched && at != walked) {
        if (row->resolved)
            matched = is_match(part_run_walked(walked, row->resolved, 0));
        /* Most are opened by a name in a folder: the folder need not be walked then. */
        if (!matched && relative && part_is_child(path, walked, folder, descriptor)) {
            matched = row->name && is_match(part_run_walked(walked, row->name, 0));
            if (!matched && call->path[1] < 0)
                return 0;
        }
    }
    if (call->path[0] >= 0) {
        u32 base = 0;
        if (relative) {
            base = at;
            at = part_folder(at, PART_DIR1, task, folder);
        }
        if (!matched)
            matched = part_wanted_name(path, base, at, row->name);
    }
    if (!matched && call->path[1] < 0)
        return 0;
    if (call->descriptor >= 0)
        at = part_descriptor(at, descriptor);
    record_who(task);
    if (call->path[1] >= 0) {
        u32 second = at, base = 0;
        s64 folder = call->folder[1] < 0 ? AT_FDCWD : (s32)argument(arguments, call->folder[1]);
        at = part_user_string(at, PART_PATH2, argument(arguments, call->path[1]));
        if (is_relative(s, second)) {
            base = at;
            at = part_folder(at, PART_DIR2, task, folder);
        }
        if (!matched && row && !part_wanted_name(second, base, at, row->name))
            return 0;
    }
    if (number == SYS_BPF)
        at = part_bpf(at, arguments[0], arguments[1]);
    if (call->text >= 0)
        at = part_user_string(at, PART_TEXT, argument(arguments, call->text));
    if (call->address >= 0)
        at = part_user_bytes(at, PART_SOCKADDR, argument(arguments, call->address),
                             call->address_length < 0 ? 128 : argument(arguments, call->address_length) & 0xff);
    if (call->message >= 0)
        at = part_message(at, argument(arguments, call->message));
    if (call->data >= 0 && result > 0 && asked->data_length)
        at = part_user_bytes(at, PART_DATA, argument(arguments, call->data),
                             result < asked->data_length ? result : asked->data_length);
    send_fair(&EVENTS, s, at, number, LOST_FULL, LOST_UNFAIR, asked->fair_from, asked->share);
    return 0;
}
