set -e
/usr/bin/python3 - <<'END'
import socket
socket.create_connection(('203.0.113.5', 443), 30).close()
END
