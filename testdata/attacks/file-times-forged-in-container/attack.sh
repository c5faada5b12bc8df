touch -t 202001010000 /etc/passwd
