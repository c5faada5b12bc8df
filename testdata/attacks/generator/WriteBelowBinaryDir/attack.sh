: > /bin/z
