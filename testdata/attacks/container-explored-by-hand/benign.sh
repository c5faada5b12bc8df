set -e
id > /dev/null
