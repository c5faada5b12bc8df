sleep 60 &
until [ /proc/$!/exe -ef /bin/sleep ]; do :; done
/usr/bin/python3 - <<'END'
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
child = [int(p) for p in os.listdir("/proc") if p.isdigit() and open(f"/proc/{p}/comm").read() == "sleep\n"][0]
libc.ptrace(16, child, 0, 0)
END
kill %1
