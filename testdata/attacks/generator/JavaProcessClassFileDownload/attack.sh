cp /usr/bin/python3.11 /tmp/java
/tmp/java - <<'END'
import socket
a = socket.socket(2, 2)
a.bind(('127.0.0.1', 0))
b = socket.socket(2, 2)
b.connect(a.getsockname())
b.send(bytes.fromhex('CAFEBABE00000034'))
a.recvfrom(64)
END
