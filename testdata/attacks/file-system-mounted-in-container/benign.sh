set -e
mount > /dev/null
cat /proc/mounts > /dev/null
