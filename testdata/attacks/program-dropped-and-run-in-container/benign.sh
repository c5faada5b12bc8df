set -e
/bin/true
ls /srv > /dev/null
