/usr/bin/python3 - <<'END'
import socket, struct
name = b'expyuzz4wqqyqhjn.onion.ly'
host = struct.pack('>HBH', len(name) + 3, 0, len(name)) + name
extensions = struct.pack('>HH', 0, len(host)) + host
body = b'\x03\x03' + bytes(32) + b'\0' + struct.pack('>HH', 2, 0x1301) + b'\x01\0' + struct.pack('>H', len(extensions)) + extensions
message = b'\x01' + struct.pack('>I', len(body))[1:] + body
client = socket.create_connection(('203.0.113.5', 443), 30)
client.send(b'\x16\x03\x01' + struct.pack('>H', len(message)) + message)
client.close()
END
