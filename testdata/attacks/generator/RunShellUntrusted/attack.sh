httpd -c 'sh -c "ls; true"; true' > /dev/null
