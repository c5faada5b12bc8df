/usr/bin/python3 - <<'END'
import socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'\x16hello, this is no question', ('203.0.113.5', 53))
END
