/usr/bin/python3 - <<'END'
import ctypes, mmap, os, struct
libc = ctypes.CDLL(None)
params = ctypes.create_string_buffer(120)
ring = libc.syscall(425, 4, params)
assert ring >= 0
head, tail, mask, entries, flags, dropped, array = struct.unpack_from('7I', params, 40)
queue = mmap.mmap(ring, array + 4 * entries)
requests = mmap.mmap(ring, 64 * entries, offset=0x10000000)
path = ctypes.create_string_buffer(b'/tmp/made-by-a-request')
struct.pack_into('<BBHiQQIIQ', requests, 0, 18, 0, 0, -100, 0, ctypes.addressof(path), 0o600, os.O_CREAT | os.O_WRONLY, 1)
struct.pack_into('<I', queue, array, 0)
struct.pack_into('<I', queue, tail, 1)
assert libc.syscall(426, ring, 1, 1, 1, None, 0) == 1
assert os.path.exists('/tmp/made-by-a-request')
END
