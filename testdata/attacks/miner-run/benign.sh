set -e
ls /usr/bin/xmrig > /dev/null
