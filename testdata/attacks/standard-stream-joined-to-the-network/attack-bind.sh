/usr/bin/python3 - <<'END'
import os, socket, subprocess
listener = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(listener.getsockname())
connection = listener.accept()[0]
client.close()
subprocess.run(["/bin/sh"], stdin=connection, stdout=connection, stderr=connection)
END
