//! What is tried with calls: packet sockets, user namespaces, the memory of others, bpf. Each is looked at by what came of it
//! in a process that lives on, not only by whether the caller does.

/// What every script begins with. `attack` runs work in a process of its own and says whether a packet left.
macro_rules! script {
    ($work:literal) => {
        concat!(
            r#"echo TRIED; python3 -c '
import ctypes, mmap, os, socket, struct, sys, time
c = ctypes.CDLL(None, use_errno=True)
c.mmap.restype = ctypes.c_void_p
c.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
def call(*a): return c.syscall(*[ctypes.c_long(x) if isinstance(x, int) else x for x in a])
def sent(): return int(open("/sys/class/net/lo/statistics/tx_packets").read())
def send(f): socket.socket(17, 3, 0, fileno=f).sendto(bytes(12) + bytes([8, 0]) + bytes(46), ("lo", 0))
def alone(work):
    pid = os.fork()
    if pid == 0:
        try: work()
        finally: os._exit(0)
    return pid
def attack(work):
    before = sent()
    os.waitpid(alone(work), 0)
    return sent() > before
low = c.mmap(None, 8192, 7, 0x62, -1, 0)
def old(number, *a):
    a = [x.to_bytes(4, "little") for x in a + (0,) * (3 - len(a))]
    code = bytes.fromhex("5355b8") + number.to_bytes(4, "little") + b"\xbb" + a[0] + b"\xb9" + a[1] + b"\xba" + a[2] + bytes.fromhex("31f631ff31edcd805d5bc3")
    ctypes.memmove(low, code, len(code))
    return ctypes.CFUNCTYPE(ctypes.c_int)(low)()
page = mmap.mmap(-1, 4096)
where = ctypes.addressof(ctypes.c_char.from_buffer(page))
secret = ctypes.create_string_buffer(b"secret")
place = ctypes.addressof(secret)
def peek(work):
    victim = alone(lambda: time.sleep(60))
    os.waitpid(alone(lambda: work(victim)), 0)
    alive = bytes(page[:6]) == b"secret"
    os.kill(victim, 9)
    return alive
def read(f): page[:6] = os.pread(f, 6, place)
users = os.readlink("/proc/self/ns/user")
def other():
    if os.readlink("/proc/self/ns/user") != users: os.write(1, b"RAN\n")
"#,
            $work,
            "'"
        )
    };
}

mod late;

/// One of them, for when nobody watches.
pub(crate) const PACKET: &str = script!(r#"if attack(lambda: send(socket.socket(17, 3, 768).detach())): print("RAN")"#);

const OLD_PACKET: &str = script!(r#"if attack(lambda: send(old(359, 17, 3, 768))): print("RAN")"#);

/// As `ATTACKS` of main.rs.
pub(crate) const ATTACKS: &[(&str, &str, bool)] = &[
    ("a packet is sent by a packet socket", PACKET, true),
    (
        "a packet socket, tried again at once by 100 processes",
        script!(
            r#"if sum(attack(lambda: send(socket.socket(17, 3, 768).detach())) for i in range(100)): print("RAN")"#
        ),
        true,
    ),
    (
        "a packet socket, used by a second thread as soon as it is there",
        script!(
            r#"
import threading
def work():
    def use():
        while True:
            for f in range(3, 9):
                if c.sendto(f, bytes(60), 60, 0, bytes([17, 0, 0, 0, 1, 0, 0, 0]) + bytes(12), 20) > 0: return
    threading.Thread(target=use, daemon=True).start()
    time.sleep(0.01)
    call(41, 17, 3, 768)
    time.sleep(0.1)
if sum(attack(work) for i in range(20)): print("RAN")"#
        ),
        true,
    ),
    ("a packet socket by a 32-bit call", OLD_PACKET, true),
    (
        "a packet socket by the oldest 32-bit call (socketcall), whose arguments another process changes meanwhile",
        script!(
            r#"
at = c.mmap(None, 4096, 3, 0x61, -1, 0)
ctypes.memmove(at, struct.pack("III", 17, 3, 768), 12)
family = ctypes.c_uint.from_address(at)
def flip():
    while True: family.value = 2; family.value = 17
flipper = alone(flip)
def work():
    f = old(102, 1, at)
    if f >= 0: send(f)
if sum(attack(work) for i in range(200)): print("RAN")
os.kill(flipper, 9)"#
        ),
        true,
    ),
    (
        "a packet socket by a request of io_uring",
        script!(
            r#"
def work():
    p = ctypes.create_string_buffer(120)
    ring = call(425, 4, p)
    sizes = struct.unpack_from("10I", p, 40)
    sq = c.mmap(None, 4096, 3, 1, ring, 0)
    entries = c.mmap(None, 4096, 3, 1, ring, 0x10000000)
    cq = c.mmap(None, 4096, 3, 1, ring, 0x8000000)
    ctypes.memmove(entries, struct.pack("BBHiQQII", 45, 0, 0, 17, 3, 0, 768, 0), 32)
    ctypes.c_uint.from_address(sq + sizes[6]).value = 0
    ctypes.c_uint.from_address(sq + sizes[1]).value = 1
    call(426, ring, 1, 1, 1, 0, 0)
    at = cq + struct.unpack_from("10I", p, 80)[5]
    send(ctypes.c_int.from_address(at + 8).value)
if attack(work): print("RAN")"#
        ),
        true,
    ),
    (
        "a packet socket, left to a process that shares the descriptors",
        script!(
            r#"
before = sent()
if call(56, 0x400 | 17, 0, 0, 0, 0) == 0:
    socket.socket(17, 3, 768).detach()
    os._exit(0)
os.wait()
for f in range(3, 30):
    try: send(f)
    except OSError: pass
if sent() > before: print("RAN")"#
        ),
        true,
    ),
    ("a user namespace is made (unshare)", script!("call(272, 0x10000000); other()"), true),
    ("a user namespace is made by a 32-bit call", script!("old(310, 0x10000000); other()"), true),
    (
        "a process is made in a user namespace (clone)",
        script!("if call(56, 0x10000000 | 17, 0, 0, 0, 0) == 0: other(); os._exit(0)\nos.wait()"),
        true,
    ),
    (
        "a process is made in a user namespace (clone3) with flags that another process changes meanwhile, 200 times",
        script!(
            r#"
page[:64] = struct.pack("8Q", 0, 0, 0, 0, 17, 0, 0, 0)
flags = ctypes.c_ulong.from_address(where)
def flip():
    while True: flags.value = 0x10000000; flags.value = 0
flipper = alone(flip)
for i in range(200):
    pid = call(435, ctypes.c_void_p(where), 64)
    if pid == 0: other(); os._exit(0)
    os.waitpid(pid, 0)
os.kill(flipper, 9)"#
        ),
        true,
    ),
    (
        "the user namespace of a process is entered before that process comes to run (setns)",
        script!(
            r#"
for i in range(100):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    pid = call(56, 0x10000000 | 17, 0, 0, 0, 0)
    if pid == 0: time.sleep(1); os._exit(0)
    f = c.open(b"/proc/%d/ns/user" % pid, 0)
    if f >= 0 and call(308, f, 0) == 0: other()
    os.kill(pid, 9)"#
        ),
        true,
    ),
    (
        "a process is traced and its memory read",
        script!(
            r#"
def work(victim):
    c.ptrace.restype = ctypes.c_long
    if c.ptrace(16, victim, 0, 0) == 0:
        os.waitpid(victim, 0x40000000)
        page[:8] = c.ptrace(2, victim, ctypes.c_void_p(place), 0).to_bytes(8, "little", signed=True)
if peek(work): print("RAN")"#
        ),
        true,
    ),
    (
        "the memory of a process is read into memory that others share (process_vm_readv)",
        script!(
            r#"
def work(victim): call(310, victim, struct.pack("QQ", where, 6), 1, struct.pack("QQ", place, 6), 1, 0)
if peek(work): print("RAN")"#
        ),
        true,
    ),
    (
        "the memory of a process is written (process_vm_writev)",
        script!(
            r#"
victim = alone(lambda: [time.sleep(0.5), page.write(secret.value)])
page[16:22] = b"hacked"
os.waitpid(alone(lambda: call(311, victim, struct.pack("QQ", where + 16, 6), 1, struct.pack("QQ", place, 6), 1, 0)), 0)
os.waitpid(victim, 0)
if page[:6] == b"hacked": print("RAN")"#
        ),
        true,
    ),
    (
        "the memory of a process is opened and read (/proc/PID/mem)",
        script!(r#"if peek(lambda victim: read(os.open("/proc/%d/mem" % victim, 0))): print("RAN")"#),
        true,
    ),
    (
        "the memory of a process is opened through a link (openat2)",
        script!(
            r#"
def work(victim):
    os.symlink("/proc/%d/task/%d" % (victim, victim), "/tmp/link")
    read(call(437, -100, b"/tmp/link/mem", bytes(24), 24))
if peek(work): print("RAN")"#
        ),
        true,
    ),
    (
        "the memory of a process is opened by a 32-bit call",
        script!(
            r#"
def work(victim):
    ctypes.memmove(low + 4096, b"/proc/%d/mem" % victim + bytes(1), 20)
    read(old(5, low + 4096, 0))
if peek(work): print("RAN")"#
        ),
        true,
    ),
    (
        "a descriptor of a process is taken (pidfd_getfd)",
        script!(
            r#"
def work(victim):
    if call(438, call(434, victim, 0), 1, 0) >= 0: page[:6] = b"secret"
if peek(work): print("RAN")"#
        ),
        true,
    ),
    ("a debugger starts a process (PTRACE_TRACEME)", script!(r#"if c.ptrace(0, 0, 0, 0) == 0: print("RAN")"#), true),
    (
        "the kernel is given a program (bpf)",
        script!(
            r#"
code = ctypes.create_string_buffer(struct.pack("<QQ", 0xb7, 0x95))
name = ctypes.create_string_buffer(b"GPL")
def load(): return call(321, 5, struct.pack("IIQQ", 1, 2, ctypes.addressof(code), ctypes.addressof(name)) + bytes(96), 120)
if load() >= 0: print("RAN")"#
        ),
        true,
    ),
    (
        "a map of the kernel's programs is made by a 32-bit call",
        script!(
            r#"
ctypes.memmove(low + 4096, struct.pack("4I", 2, 4, 4, 1) + bytes(104), 120)
if old(357, 0, low + 4096, 120) >= 0: print("RAN")"#
        ),
        true,
    ),
];
