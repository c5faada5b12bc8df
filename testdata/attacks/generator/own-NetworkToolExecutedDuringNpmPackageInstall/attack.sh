cp /bin/dash /tmp/npm
/tmp/npm -c 'nmap; true' > /dev/null
