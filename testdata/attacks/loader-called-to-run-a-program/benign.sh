set -e
/lib64/ld-linux-x86-64.so.2 --list /bin/true > /dev/null
