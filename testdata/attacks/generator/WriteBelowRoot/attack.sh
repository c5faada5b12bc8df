: > /root/z
