set -e
ls /sys/fs > /dev/null
