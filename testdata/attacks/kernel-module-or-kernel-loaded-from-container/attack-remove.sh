/usr/bin/python3 - <<'END'
import ctypes
ctypes.CDLL(None).syscall(176, b'no_such_module', 2048)
END
