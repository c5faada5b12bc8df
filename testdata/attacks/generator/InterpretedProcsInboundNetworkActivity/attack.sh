cp /usr/bin/python3.11 /tmp/lua
/tmp/lua -c 'import socket;socket.create_server(("10.2.3.4",8192))'
