/usr/bin/python3 - <<'END'
import ctypes, os
buffer = ctypes.create_string_buffer(8)
vector = (ctypes.c_size_t * 2)(ctypes.addressof(buffer), 8)
ctypes.CDLL(None).process_vm_readv(os.getpid(), vector, 1, vector, 1, 0)
END
