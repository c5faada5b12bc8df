/* Libraries: a process that maps a foreign file to execute it is killed when the call ends, before it comes back to its own
 * instructions. What is mapped is read from the memory's own areas, so that neither a descriptor that changes meanwhile
 * nor the way there (mmap, mprotect, 32-bit calls, READ_IMPLIES_EXEC) matters. */
#include "include/code.h"
#include "include/entering.h"
#include "include/interface.h"
#include "include/listed.h"

char LICENSE[] SEC("license") = "GPL";

enum {
    MMAP = 9, MPROTECT = 10, PKEY_MPROTECT = 329,
    MMAP_32 = 90, MPROTECT_32 = 125, MMAP2_32 = 192, PKEY_MPROTECT_32 = 380,
    PROT_READ = 1,
    PROT_EXEC = 4,
    READ_IMPLIES_EXEC = 0x00400000,
    ERRORS = 4096,
    LIBRARIES = DENY_LIBRARIES | DENY_MEMORY_CODE,
    /* More areas than a process may have (vm.max_map_count); and tries where another thread holds the lock. */
    AREAS = 1 << 16,
};

struct range {
    struct mapped mapped;
    u64 end;
    u64 group;
    u32 asked;
    u32 denied;
};

static long range_step(u32 index, struct range *range) {
    if (range->mapped.at >= range->end)
        return 1;
    range->mapped.origin = ORIGIN_IMAGE;
    range->mapped.dentry = NULL;
    struct task_struct *task = bpf_get_current_task_btf();
    long error = bpf_find_vma(task, range->mapped.at, mapped_area, &range->mapped, 0);
    /* -ENOENT: a hole, and the call stopped there. Everything else passes. */
    if (error == -2)
        return 1;
    range->denied = library_violation(range->asked, range->mapped.origin);
    if (!range->denied && is_placed(range->mapped.dentry))
        range->denied = code_violation(range->asked, range->group, range->mapped.dentry);
    return range->denied != 0;
}

INLINE void deny(struct task_struct *task, u64 group, u32 asked, u32 reason, struct dentry *dentry) {
    if (!(asked & DRY_RUN))
        bpf_send_signal(9);
    struct denial denial;
    denial_of(&denial, task, group, asked, denied_by(reason));
    struct inode *inode = READ(dentry->d_inode);
    denial.inode = READ(inode->i_ino);
    denial_path(&denial, dentry);
    denial_why(&denial, reason, WHY_LIBRARY);
    denial_tell(&denial);
}

SEC("tp_btf/sys_exit")
int seawall_deny_mapping(u64 *context) {
    struct pt_regs *registers = (void *)context[0];
    u32 number = registers->orig_ax & ~X32;
    /* Nearly every call ends here. */
    if (number != MMAP && number != MPROTECT && number != PKEY_MPROTECT && number != MMAP_32 && number != MMAP2_32 &&
        number != MPROTECT_32 && number != PKEY_MPROTECT_32)
        return 0;
    struct task_struct *task = bpf_get_current_task_btf();
    u64 protection = registers->dx;
    int old = is_old(task);
    int maps = old ? number == MMAP_32 || number == MMAP2_32 : number == MMAP;
    if (old && number == MMAP_32) {
        u32 arguments[3] = {0};
        bpf_probe_read_user(arguments, sizeof(arguments), (void *)(u64)(u32)registers->bx);
        protection = arguments[2];
    } else if (!maps && (old ? number != MPROTECT_32 && number != PKEY_MPROTECT_32
                             : number != MPROTECT && number != PKEY_MPROTECT)) {
        return 0;
    }
    if (!(protection & PROT_EXEC) && !((protection & PROT_READ) && (task->personality & READ_IMPLIES_EXEC)))
        return 0;
    u64 group = cgroup_key(task_cgroup(task));
    u32 asked = denied_to(task, group);
    if (!(asked & LIBRARIES))
        return 0;
    u64 start = old ? (u32)registers->bx : registers->di;
    u64 length = old ? (u32)registers->cx : registers->si;
    if (maps) {
        start = context[1];
        length = 1;
        if (start > (u64)-ERRORS)
            return 0;
    }
    struct range range = {.mapped = {.at = start}, .end = start + length, .group = group, .asked = asked};
    bpf_loop(AREAS, range_step, &range, 0);
    if (range.denied && !is_task_entering(task))
        deny(task, group, asked, range.denied, range.mapped.dentry);
    return 0;
}

/* The loader: the kernel maps it, and there the program starts. */
SEC("tp_btf/sched_process_exec")
int seawall_deny_loader(u64 *context) {
    struct task_struct *task = bpf_get_current_task_btf();
    u64 group = cgroup_key(task_cgroup(task));
    u32 asked = denied_to(task, group);
    if (!(asked & LIBRARIES))
        return 0;
    struct pt_regs *registers = (void *)bpf_task_pt_regs(task);
    struct mapped mapped = {0};
    bpf_find_vma(task, READ(registers->ip), mapped_area, &mapped, 0);
    u32 denied = library_violation(asked, mapped.origin);
    if (!denied && is_placed(mapped.dentry))
        denied = code_violation(asked, group, mapped.dentry);
    struct mm_struct *memory = READ(task->mm);
    struct file *program = READ(memory->exe_file);
    /* A program without a loader starts in itself, and has been judged as a program. */
    if (denied && mapped.dentry != READ(program->f_path.dentry) && !is_run_entering(task, AFTER_RUN))
        deny(task, group, asked, denied, mapped.dentry);
    return 0;
}
