/usr/bin/python3 - <<'END'
import socket
socket.create_connection(('198.51.100.7', 443), 30).close()
END
