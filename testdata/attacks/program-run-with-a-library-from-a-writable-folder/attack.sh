LD_PRELOAD=/tmp/x.so /bin/true
