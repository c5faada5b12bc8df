/usr/bin/sshd -D
