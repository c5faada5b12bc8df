set -e
cat /proc/meminfo > /dev/null
