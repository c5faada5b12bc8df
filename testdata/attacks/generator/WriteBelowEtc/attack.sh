: > /etc/z
