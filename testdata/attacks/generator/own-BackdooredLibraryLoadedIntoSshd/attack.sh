touch /tmp/liblzma.so.5.6.0
cp /bin/cat /tmp/sshd
/tmp/sshd /tmp/liblzma.so.5.6.0
