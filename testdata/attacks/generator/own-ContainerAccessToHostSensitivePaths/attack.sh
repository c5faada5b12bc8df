cat /host/etc/hostname > /dev/null
