set -e
nginx -c '/bin/true; true'
