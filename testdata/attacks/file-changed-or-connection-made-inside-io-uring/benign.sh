set -e
/usr/bin/python3 - <<'END'
import ctypes, mmap, struct
libc = ctypes.CDLL(None)
params = ctypes.create_string_buffer(120)
ring = libc.syscall(425, 4, params)
assert ring >= 0
head, tail, mask, entries, flags, dropped, array = struct.unpack_from('7I', params, 40)
queue = mmap.mmap(ring, array + 4 * entries)
requests = mmap.mmap(ring, 64 * entries, offset=0x10000000)
struct.pack_into('<BBHi', requests, 0, 0, 0, 0, -1)
struct.pack_into('<I', queue, array, 0)
struct.pack_into('<I', queue, tail, 1)
assert libc.syscall(426, ring, 1, 1, 1, None, 0) == 1
END
