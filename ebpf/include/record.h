/* What crosses from the kernel: one record for each event. crates/sensor/src/record.rs reads these bytes and must say the
 * same; a test there compares the sizes and offsets that clang wrote into the object. */
#pragma once

#include "helpers.h"

enum record_kind {
    RECORD_SYSCALL = 1,
    RECORD_EXEC = 2,
    RECORD_FORK = 3,
    RECORD_EXIT = 4,
    RECORD_TASK = 5,
    RECORD_DNS = 6,   /* a message to or from a name server; number: 1 for an answer */
    RECORD_TLS = 7,   /* the first bytes of a client's handshake */
    RECORD_FLOW = 8,  /* a connection is over; arguments: bytes sent, bytes received, nanoseconds */
    RECORD_URING = 9, /* a request inside io_uring; arguments: operation, descriptor */
};

/* Who did it, and with which arguments. Tagged parts follow: tag (2 bytes), length (2 bytes), bytes. */
struct record {
    u32 size;
    u16 kind;
    u16 number; /* of the system call */
    u32 cpu;
    u32 flags;
    u64 time; /* nanoseconds since boot, also over suspend */
    u32 pid;
    u32 tid;
    u64 started; /* of the process, nanoseconds since boot */
    u64 cgroup;
    s64 result;
    u32 virtual_tid;
    u32 uid;
    u32 euid;
    u32 gid;
    u64 permitted;
    u64 effective;
    u64 inheritable;
    u64 arguments[6];
};

/* record.flags */
enum {
    RECORD_CUT = 1,   /* a part did not fit */
    RECORD_OWNER = 2, /* who it was is from when the socket was first used, not from now */
};

enum part {
    PART_TASK = 1,    /* struct task_part */
    PART_CGROUP,      /* names, leaf first, each ended by a zero byte */
    PART_EXE,         /* struct file_part of what runs */
    PART_EXE_PATH,    /* walked path */
    PART_CWD,         /* walked path */
    PART_ARGUMENTS,   /* argv as it lies in memory */
    PART_ENVIRONMENT, /* envp as it lies in memory */
    PART_FILENAME,    /* the path given to exec */
    PART_PATH1,       /* a path as it was given */
    PART_PATH2,
    PART_DIR1, /* walked path of the folder that PART_PATH1 is relative to */
    PART_DIR2,
    PART_FILE,      /* struct file_part of the descriptor */
    PART_FILE_PATH, /* walked path of the descriptor */
    PART_SOCKET,    /* struct socket_part of the descriptor */
    PART_SOCKADDR,  /* a socket address as it was given */
    PART_DATA,      /* first bytes of a buffer */
    PART_ENTER1,    /* PART_PATH1 as it was before the call, where it differs */
    PART_TEXT,      /* a string that is not a path */
};

/* A walked path is its components, leaf first, each ended by a zero byte. Its first byte says how the walk ended. */
enum walk_end { WALK_ROOT = 1 /* at the task's root */, WALK_CUT = 2, WALK_TOP = 3 /* at the top, outside the root */ };

struct task_part {
    u64 parent_started;
    u32 parent_pid;
    u32 virtual_pid;
    u32 group;
    u32 virtual_group;
    u32 session;
    u32 virtual_session;
    u32 tty;
    u32 login_uid;
    u32 pid_namespace;
    u32 mount_namespace;
    u32 network_namespace;
    u32 user_namespace;
    char name[16];
};

struct file_part {
    u64 inode;
    u64 device;
    u64 changed;
    u64 modified;
    u32 mode;
    u32 links;
    u32 uid;
    u32 gid;
    u32 flags;
    u32 open_flags;
};

/* file_part.flags */
enum { FILE_UPPER = 1, FILE_LOWER = 2, FILE_MEMFD = 4, FILE_OTHER = 8 /* neither on a file system nor a socket */ };

struct socket_part {
    u16 family;
    u16 type;
    u16 protocol;
    u16 state;
    u16 local_port;
    u16 remote_port;
    u32 padding;
    u8 local[16];
    u8 remote[16];
    char path[108];
    u32 path_length;
};

/* What user space asks for of one system call. Indexes of arguments from 0; -1 for none. */
struct call {
    u8 wanted;
    u8 only_success; /* 1: only where it succeeds; 2: only where it fails */
    s8 path[2];
    s8 folder[2];   /* a descriptor; -1: the working directory */
    s8 descriptor;  /* RETURNED: what the call gives back */
    s8 address;     /* a socket address */
    s8 address_length;
    s8 message;     /* a struct msghdr, whose address is wanted */
    s8 data;        /* a buffer whose first bytes are wanted; its length is the result */
    s8 text;        /* a string that is not a path */
    u8 enter;       /* read path[0] before the call as well */
    u8 filtered;    /* the call has rows in ROWS (filter.h) */
    s8 access;      /* flags of an open call, where they are an argument */
    u8 enter_host;  /* as `enter`, of what is known to be in no container */
    s8 chosen;      /* only where this argument is `choice` */
    u8 choice;
    u8 padding[2];
};
enum { RETURNED = 100, CALLS = 512 };

struct settings {
    u64 own_pid; /* whose events are left out: the agent's */
    u32 environment;
    u32 data_length;
    u32 fair_from; /* bytes in EVENTS from which on each control group has a share of its own of each kind */
    u32 share;     /* bytes */
    u32 life_fair_from; /* the same of LIFE */
    u32 life_share;
};
