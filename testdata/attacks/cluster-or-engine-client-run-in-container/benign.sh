set -e
ls /usr/bin/kubectl > /dev/null
