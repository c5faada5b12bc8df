strace -o /dev/null true
