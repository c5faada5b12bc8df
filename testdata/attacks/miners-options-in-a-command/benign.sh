set -e
/bin/echo -o tcp://203.0.113.5 > /dev/null
