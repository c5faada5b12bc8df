touch /tmp/a
chmod 755 /tmp/a
