/usr/bin/python3 -c 'import ctypes;ctypes.CDLL(None).syscall(321,5,0,0)'
