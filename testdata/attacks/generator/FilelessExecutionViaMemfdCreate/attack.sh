/usr/bin/python3 - <<'END'
import os
fd = os.memfd_create("x")
os.write(fd, open("/bin/true", "rb").read())
os.execve("/proc/self/fd/%d" % fd, ["true"], {})
END
