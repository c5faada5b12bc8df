set -e
/usr/bin/python3 - <<'END'
import socket
socket.create_connection(('10.2.3.4', 3333), 30).close()
END
