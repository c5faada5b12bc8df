//! What is tried with libraries, loaders and scripts.

/// One of each, for when nobody watches.
pub(crate) const SCRIPT: &str = "printf '#!/bin/sh\\necho RAN\\n' > /tmp/s; chmod 755 /tmp/s; echo TRIED; /tmp/s";
pub(crate) const LIBRARY: &str =
    "cp /lib/x86_64-linux-gnu/libc.so.6 /tmp/l.so; echo TRIED; LD_PRELOAD=/tmp/l.so /bin/true && echo RAN";

/// As `ATTACKS` of main.rs.
pub(crate) const ATTACKS: &[(&str, &str, bool)] = &[
    ("a dropped script is run by its first line", SCRIPT, true),
    (
        "a dropped script is run through a link, 100 times",
        "printf '#!/bin/sh\\necho RAN\\n' > /tmp/s; chmod 755 /tmp/s; ln -s s /tmp/l; echo TRIED; \
         i=0; while [ $i -lt 100 ]; do /tmp/l 2>/dev/null; i=$((i+1)); done",
        true,
    ),
    (
        "a script is run whose interpreter is a dropped script",
        "printf '#!/bin/sh\\necho RAN\\n' > /tmp/s; printf '#!/tmp/s\\n' > /tmp/t; chmod 755 /tmp/s /tmp/t; echo TRIED; /tmp/t",
        true,
    ),
    (
        "a script is run from a volume in memory (tmpfs)",
        "printf '#!/bin/sh\\necho RAN\\n' > /volume/s; chmod 755 /volume/s; echo TRIED; /volume/s",
        true,
    ),
    (
        "a script is run from memory (memfd_create)",
        "echo TRIED; python3 -c 'import os; f=os.memfd_create(\"x\", 0); os.write(f, b\"#!/bin/sh\\necho RAN\\n\"); os.execve(\"/proc/self/fd/%d\" % f, [\"x\"], {})'",
        true,
    ),
    (
        "a dropped script is run by a process that closes 500 files with it, and that has an io_uring",
        "printf '#!/bin/sh\\necho RAN\\n' > /tmp/s; chmod 755 /tmp/s; echo TRIED; python3 -c 'import os, ctypes; \
         ctypes.CDLL(None).syscall(425, 8, ctypes.create_string_buffer(120)); \
         a=[os.open(\"/tmp/s\", os.O_RDONLY) for i in range(500)]; os.execv(\"/tmp/s\", [\"s\"])'",
        true,
    ),
    (
        "a shell of the image reads a dropped script (`sh FILE`)",
        "printf 'echo RAN\\n' > /tmp/s; echo TRIED; sh /tmp/s",
        false,
    ),
    (
        "the loader runs a dropped program",
        "cp /bin/true /tmp/x; echo TRIED; /lib64/ld-linux-x86-64.so.2 /tmp/x && echo RAN",
        true,
    ),
    (
        "the loader of the image is replaced",
        "l=/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2; cp $l /tmp/x; mv /tmp/x $l; echo TRIED; /bin/true && echo RAN",
        true,
    ),
    (
        "a library of the image is replaced",
        "l=/usr/lib/x86_64-linux-gnu/libc.so.6; cp $l /tmp/x; mv /tmp/x $l; echo TRIED; /bin/true && echo RAN",
        true,
    ),
    ("a dropped library is preloaded", LIBRARY, true),
    (
        "a dropped library is loaded by a program that runs (dlopen)",
        "cp /lib/x86_64-linux-gnu/libm.so.6 /tmp/l.so; echo TRIED; python3 -c 'import ctypes; ctypes.CDLL(\"/tmp/l.so\")' && echo RAN",
        true,
    ),
    (
        "a library is loaded from a volume in memory (tmpfs)",
        "cp /lib/x86_64-linux-gnu/libm.so.6 /volume/l.so; echo TRIED; python3 -c 'import ctypes; ctypes.CDLL(\"/volume/l.so\")' && echo RAN",
        true,
    ),
    (
        "a library is loaded from memory (memfd_create)",
        "echo TRIED; python3 -c 'import os, ctypes; f=os.memfd_create(\"x\"); \
         os.write(f, open(\"/lib/x86_64-linux-gnu/libm.so.6\",\"rb\").read()); ctypes.CDLL(\"/proc/self/fd/%d\" % f)' && echo RAN",
        true,
    ),
    (
        "a dropped file is mapped to be read, and made executable with the memory before it (mprotect)",
        "cp /bin/true /tmp/x; echo TRIED; python3 -c 'import ctypes, os; c=ctypes.CDLL(None, use_errno=True); \
         c.mmap.restype=ctypes.c_void_p; \
         c.mmap.argtypes=[ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]; \
         a=c.mmap(None, 8192, 3, 0x22, -1, 0); \
         c.mmap(a+4096, 4096, 1, 0x12, os.open(\"/tmp/x\", 0), 0); \
         print(\"RAN\" if c.mprotect(ctypes.c_void_p(a), 8192, 5) == 0 else ctypes.get_errno())'",
        true,
    ),
    (
        "a dropped file is mapped by a 32-bit call",
        "cp /bin/true /tmp/x; echo TRIED; python3 -c 'import ctypes, os; c=ctypes.CDLL(None); \
         c.mmap.restype=ctypes.c_void_p; \
         c.mmap.argtypes=[ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]; \
         f=os.open(\"/tmp/x\", 0); \
         code=bytes.fromhex(\"5355\" \"b8c0000000\" \"31db\" \"b900100000\" \"ba05000000\" \"be02000000\") \
         + b\"\\xbf\" + f.to_bytes(4, \"little\") + bytes.fromhex(\"31ed\" \"cd80\" \"5d5b\" \"c3\"); \
         a=c.mmap(None, 4096, 7, 0x62, -1, 0); ctypes.memmove(a, code, len(code)); \
         r=ctypes.CFUNCTYPE(ctypes.c_uint)(a)(); print(hex(r), \"RAN\" if r < 0xfffff000 else \"\")'",
        true,
    ),
    (
        "a dropped file is mapped to be read where that means to be executed (personality)",
        "cp /bin/true /tmp/x; echo TRIED; python3 -c 'import ctypes, mmap, os; ctypes.CDLL(None).personality(0x400000); \
         m=mmap.mmap(os.open(\"/tmp/x\", 0), 4096, mmap.MAP_PRIVATE, mmap.PROT_READ); \
         print(\"RAN\" if \"r-xp\" in [l for l in open(\"/proc/self/maps\") if \"/tmp/x\" in l][0] else \"refused\")'",
        true,
    ),
];
