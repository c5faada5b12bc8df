/usr/bin/python3 - <<'END'
# Another process changes the path between the moments when a call begins and ends.
import ctypes, mmap, os, time
libc = ctypes.CDLL(None)
path = mmap.mmap(-1, 4096)
path[:12] = b"/etc/passwd\0"
address = ctypes.addressof(ctypes.c_char.from_buffer(path))
end = time.time() + 2
if os.fork() == 0:
    while time.time() < end:
        for _ in range(10000):
            path[5] = 80
            path[5] = 112
    os._exit(0)
while time.time() < end:
    libc.close(libc.open(ctypes.c_void_p(address), 0))
END
