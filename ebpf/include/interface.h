/* By which interface a system call came. */
#pragma once

#include "kernel.h"

enum {
    X32 = 0x40000000, /* the bit of the x32 interface's numbers */
    TS_COMPAT = 2,    /* in thread_info.status: a 32-bit call, whose numbers and registers are others */
};

INLINE u32 is_old(struct task_struct *task) { return task->thread_info.status & TS_COMPAT; }
