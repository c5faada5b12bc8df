set -e
ls /usr/bin/chisel > /dev/null
