set -e
ls /usr/bin/amicontained > /dev/null
