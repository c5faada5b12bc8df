cp /bin/ls /bin/zz
/bin/zz > /dev/null
