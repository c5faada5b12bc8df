/usr/bin/python3 - <<'END'
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
fs = libc.syscall(430, b"tmpfs", 0)
libc.syscall(431, fs, 6, None, None, 0)
mount = libc.syscall(432, fs, 0, 0)
libc.syscall(429, mount, b"", -100, b"/mnt", 4)
END
