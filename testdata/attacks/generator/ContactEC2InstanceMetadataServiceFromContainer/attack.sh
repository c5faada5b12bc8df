/usr/bin/python3 - <<'END'
import socket
s = socket.socket()
s.setblocking(False)
s.connect_ex(('169.254.169.254', 80))
END
