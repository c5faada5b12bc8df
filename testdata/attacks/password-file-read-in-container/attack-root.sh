cat /proc/self/root/etc/shadow > /dev/null
