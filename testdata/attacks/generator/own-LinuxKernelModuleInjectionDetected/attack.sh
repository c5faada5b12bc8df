/usr/bin/python3 -c 'import ctypes;ctypes.CDLL(None).syscall(175,0,0,b"")'
