set -e
ls /usr/sbin/setcap > /dev/null
