set -e
/usr/bin/python3 - <<'END'
import socket, struct

def ask(kind, name):
    labels = b''.join(bytes([len(label)]) + label.encode() for label in name.split('.'))
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.settimeout(30)
    client.connect(('203.0.113.5', 53))
    client.send(struct.pack('>6H', 7, 0x100, 1, 0, 0, 0) + labels + struct.pack('>BHH', 0, kind, 1))
    client.recv(512)

ask(1, 'pool.ntp.example')
END
/usr/bin/python3 - <<'END'
import socket, struct
name = b'www.example.com'
host = struct.pack('>HBH', len(name) + 3, 0, len(name)) + name
extensions = struct.pack('>HH', 0, len(host)) + host
body = b'\x03\x03' + bytes(32) + b'\0' + struct.pack('>HH', 2, 0x1301) + b'\x01\0' + struct.pack('>H', len(extensions)) + extensions
message = b'\x01' + struct.pack('>I', len(body))[1:] + body
client = socket.create_connection(('203.0.113.5', 443), 30)
client.send(b'\x16\x03\x01' + struct.pack('>H', len(message)) + message)
client.close()
END
