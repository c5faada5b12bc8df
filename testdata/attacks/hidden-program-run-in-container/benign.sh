set -e
ls -a /usr > /dev/null
