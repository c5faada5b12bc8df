/usr/bin/python3 - <<'END'
import ctypes
ctypes.CDLL(None).setns(0, 0)
END
