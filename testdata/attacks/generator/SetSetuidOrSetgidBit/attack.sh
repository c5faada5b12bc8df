touch /tmp/x
chmod u+s /tmp/x
