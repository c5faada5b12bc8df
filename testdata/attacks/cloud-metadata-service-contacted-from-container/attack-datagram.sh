/usr/bin/python3 - <<'END'
import socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('100.100.100.200', 80))
END
