/usr/bin/python3 - <<'END'
import socket
socket.socket(socket.AF_INET, socket.SOCK_RAW, 6)
END
