mkdir /tmp/m
mount --bind /etc /tmp/m
