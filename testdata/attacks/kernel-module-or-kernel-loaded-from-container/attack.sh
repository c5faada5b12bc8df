/usr/bin/python3 - <<'END'
import ctypes
ctypes.CDLL(None).syscall(175, 0, 0, b'')
END
