set -e
/usr/bin/python3 - <<'END'
import socket
a = socket.socket(socket.AF_UNIX)
a.bind("/tmp/app.sock")
a.listen()
b = socket.socket(socket.AF_UNIX)
b.connect("/tmp/app.sock")
END
