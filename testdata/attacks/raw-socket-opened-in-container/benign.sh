set -e
/usr/bin/python3 - <<'END'
import socket
socket.socket(socket.AF_INET, socket.SOCK_STREAM)
socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
END
