httpd -c 'sleep 6; read x < /etc/shadow; true'
