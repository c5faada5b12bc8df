bash -c 'echo > /dev/udp/203.0.113.5/22'
