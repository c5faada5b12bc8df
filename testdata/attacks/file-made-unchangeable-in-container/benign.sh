set -e
chattr -V 2> /dev/null || true
