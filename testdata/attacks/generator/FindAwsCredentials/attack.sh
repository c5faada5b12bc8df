find /tmp -maxdepth 1 -iname .aws/credentials
