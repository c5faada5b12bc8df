/* Which system call it is, and what a policy may have against it: for every way into the kernel. */
#pragma once

#include "interface.h"
#include "policy.h"

/* What was done, for the agent: crates/sensor/src/node/denials/calls.rs has the same numbers. */
enum {
    CALL_PTRACE = 1, CALL_MEMORY, CALL_DESCRIPTOR, CALL_OPEN_MEMORY, CALL_BPF, CALL_PACKETS, CALL_URING_PACKETS,
    CALL_SHARE, CALL_USERS, CALL_MOUNT, CALL_MODULE, CALL_KEXEC,
    CALL_SPACES, CALL_ENTER,
    CALL_SOCKETCALL = 100, /* a packet socket, or another of 32-bit calls about sockets */
};

/* A 64-bit call's first three arguments, or a 32-bit call's. */
INLINE u64 argument(struct pt_regs *registers, u32 old, u32 number) {
    if (old)
        return (u32)(number == 0 ? registers->bx : number == 1 ? registers->cx : registers->dx);
    return number == 0 ? registers->di : number == 1 ? registers->si : registers->dx;
}

/* Numbers that every interface of x86-64 shares. */
enum {
    OPEN_TREE = 428, MOVE_MOUNT = 429, FSOPEN = 430, FSMOUNT = 432, FSPICK = 433, CLONE3 = 435, OPENAT2 = 437,
    PIDFD_GETFD = 438, MOUNT_SETATTR = 442, OPEN_TREE_ATTR = 467,
    OPEN_TREE_CLONE = 1,
};

/* What a call does at its entry, as CALL_…; 0 for all others. */
INLINE u32 call_at_entry(u32 number, u32 old) {
    switch (number) {
    case PIDFD_GETFD:
        return CALL_DESCRIPTOR;
    case OPEN_TREE:
    case MOVE_MOUNT:
    case FSOPEN:
    case FSMOUNT:
    case FSPICK:
    case MOUNT_SETATTR:
    case OPEN_TREE_ATTR:
        return CALL_MOUNT;
    }
    if (old)
        switch (number) {
        case 359:
            return CALL_PACKETS;
        case 102:
            return CALL_SOCKETCALL;
        case 26:
            return CALL_PTRACE;
        case 347: /* process_vm_readv, process_vm_writev */
        case 348:
            return CALL_MEMORY;
        case 357:
            return CALL_BPF;
        case 21: /* mount, umount, umount2, pivot_root */
        case 22:
        case 52:
        case 217:
            return CALL_MOUNT;
        case 128: /* init_module, finit_module */
        case 350:
            return CALL_MODULE;
        case 283:
            return CALL_KEXEC;
        default:
            return 0;
        }
    switch (number) {
    case 41:
        return CALL_PACKETS;
    case 101:
    case 521: /* the last of these are numbers of x32 */
        return CALL_PTRACE;
    case 310:
    case 311:
    case 539:
    case 540:
        return CALL_MEMORY;
    case 321:
        return CALL_BPF;
    case 165:
    case 166:
    case 155:
        return CALL_MOUNT;
    case 175:
    case 313:
        return CALL_MODULE;
    case 246: /* kexec_load, kexec_file_load */
    case 320:
    case 528:
        return CALL_KEXEC;
    default:
        return 0;
    }
}

enum result { RESULT_NONE, RESULT_SOCKET, RESULT_OPEN, RESULT_UNSHARE, RESULT_SETNS, RESULT_CHILD };

/* What a call may have given that is looked at when it ends. */
INLINE u32 call_at_exit(u32 number, u32 old) {
    if (number == CLONE3)
        return RESULT_CHILD;
    if (number == OPENAT2)
        return RESULT_OPEN;
    if (old)
        switch (number) {
        case 102: /* socketcall */
            return RESULT_SOCKET;
        case 5: /* open, creat, openat */
        case 8:
        case 295:
            return RESULT_OPEN;
        case 310:
            return RESULT_UNSHARE;
        case 346:
            return RESULT_SETNS;
        case 120:
            return RESULT_CHILD;
        default:
            return RESULT_NONE;
        }
    switch (number) {
    case 2:
    case 85:
    case 257:
        return RESULT_OPEN;
    case 272:
        return RESULT_UNSHARE;
    case 308:
        return RESULT_SETNS;
    case 56:
        return RESULT_CHILD;
    default:
        return RESULT_NONE;
    }
}
