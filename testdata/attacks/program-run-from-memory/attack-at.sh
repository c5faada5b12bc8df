/usr/bin/python3 - <<'END'
import ctypes, os
fd = os.memfd_create("x")
os.write(fd, open("/bin/true", "rb").read())
arguments = (ctypes.c_char_p * 2)(b"true", None)
ctypes.CDLL(None).syscall(322, fd, b"", arguments, (ctypes.c_char_p * 1)(None), 0x1000)
END
