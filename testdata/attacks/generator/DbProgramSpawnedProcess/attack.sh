mysqld -c '/bin/ls; true' > /dev/null
