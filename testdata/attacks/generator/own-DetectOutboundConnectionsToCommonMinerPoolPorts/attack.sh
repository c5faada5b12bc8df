/usr/bin/python3 -c 'import socket;socket.create_connection(("203.0.113.5",3333),3)'
