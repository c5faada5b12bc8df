/usr/bin/python3 - <<'END'
import socket
listener = socket.create_server(("203.0.113.5", 0))
client = socket.create_connection(listener.getsockname())
listener.accept()
END
