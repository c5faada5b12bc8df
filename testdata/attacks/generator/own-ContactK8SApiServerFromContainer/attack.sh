/usr/bin/python3 -c 'import socket;socket.create_connection(("198.51.100.7",443),3)'
