ln -s /etc /tmp/etc_link
ls /tmp/etc_link > /dev/null
