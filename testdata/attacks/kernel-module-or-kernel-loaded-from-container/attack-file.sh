/usr/bin/python3 - <<'END'
import ctypes
ctypes.CDLL(None).syscall(313, -1, b'', 0)
END
