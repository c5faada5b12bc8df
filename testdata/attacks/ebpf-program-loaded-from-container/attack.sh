/usr/bin/python3 - <<'END'
import ctypes
ctypes.CDLL(None).syscall(321, 5, 0, 0)
END
