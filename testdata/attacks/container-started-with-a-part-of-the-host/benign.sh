set -e
ls /data > /dev/null
