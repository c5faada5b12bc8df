sleep 20 &
/usr/bin/python3 -c "import ctypes;ctypes.CDLL(None).ptrace(16,$!,0,0)"
kill %1
