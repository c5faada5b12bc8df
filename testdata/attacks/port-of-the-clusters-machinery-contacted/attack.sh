/usr/bin/python3 - <<'END'
import socket
socket.create_connection(('203.0.113.5', 10250), 30).close()
END
