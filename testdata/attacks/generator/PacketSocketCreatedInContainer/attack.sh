/usr/bin/python3 -c 'import socket;socket.socket(17,3,3)'
