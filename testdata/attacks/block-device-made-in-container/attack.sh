mknod /tmp/disk b 254 0
