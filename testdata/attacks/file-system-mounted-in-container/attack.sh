mkdir /tmp/m
mount -t tmpfs none /tmp/m
