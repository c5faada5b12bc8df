/usr/bin/python3 - <<'END'
import socket
socket.socket(17, 3, 3)
END
