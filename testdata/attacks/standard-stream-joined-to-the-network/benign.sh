set -e
/usr/bin/python3 - <<'END'
import socket, subprocess
socket.create_connection(('203.0.113.5', 443), 30).close()
subprocess.run(['/bin/true'])
END
sh -c 'echo x > /tmp/x 2>&1'
