set -e
cat /proc/sys/vm/nr_hugepages > /dev/null
