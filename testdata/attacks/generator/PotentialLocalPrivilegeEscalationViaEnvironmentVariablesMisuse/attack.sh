GLIBC_TUNABLES=glibc.tune.x=1 /usr/bin/id > /dev/null
