set -e
env > /dev/null
cat /proc/self/stat > /dev/null
