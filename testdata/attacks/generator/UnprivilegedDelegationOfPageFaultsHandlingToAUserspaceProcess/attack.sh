/usr/bin/python3 -c 'import ctypes;ctypes.CDLL(None).syscall(323,0)'
