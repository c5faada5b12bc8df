/usr/bin/python3 - <<'END'
import socket
socket.create_connection(('10.2.3.4', 2379), 30).close()
END
