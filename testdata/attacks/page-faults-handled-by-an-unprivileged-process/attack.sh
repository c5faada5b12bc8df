/usr/bin/python3 - <<'END'
import ctypes
ctypes.CDLL(None).syscall(323, 1)
END
