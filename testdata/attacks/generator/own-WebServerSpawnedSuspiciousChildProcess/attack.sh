nginx -c 'whoami; true' > /dev/null
