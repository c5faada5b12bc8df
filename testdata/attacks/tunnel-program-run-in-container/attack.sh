chisel client 203.0.113.5 R:socks
