/usr/bin/python3 - <<'END'
# Another thread changes the path between the moments when a call begins and ends.
import ctypes, threading, time
libc = ctypes.CDLL(None)
path = ctypes.create_string_buffer(b"/etc/passwd")
end = time.time() + 2
def change():
    while time.time() < end:
        ctypes.memmove(path, b"/etc/Passwd", 11)
        ctypes.memmove(path, b"/etc/passwd", 11)
threads = [threading.Thread(target=change) for _ in range(2)]
for thread in threads:
    thread.start()
while time.time() < end:
    libc.close(libc.open(path, 0))
END
