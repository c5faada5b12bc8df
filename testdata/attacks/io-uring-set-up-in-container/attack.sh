/usr/bin/python3 - <<'END'
import ctypes
ctypes.CDLL(None).syscall(425, 4, 0)
END
