ln -s /etc/shadow /tmp/notes
head -n 1 /tmp/notes > /dev/null
