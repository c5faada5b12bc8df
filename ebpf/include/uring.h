/* Requests of io_uring, as the kernel has them when it is given one. */
#pragma once

#include "kernel.h"

struct io_cqe {
    int fd;
} CORE;
struct io_kiocb {
    struct file *file;
    u8 opcode;
    struct io_cqe cqe;
} CORE;
struct filename {
    const char *name;
} CORE;
struct io_open {
    struct filename *filename;
} CORE;
struct io_unlink {
    struct filename *filename;
} CORE;
struct io_mkdir {
    struct filename *filename;
} CORE;
struct io_rename {
    struct filename *oldpath;
} CORE;
struct io_connect {
    void *addr;
    int addr_len;
} CORE;
struct io_socket {
    int domain;
} CORE;

enum { OP_SOCKET = 45 };
