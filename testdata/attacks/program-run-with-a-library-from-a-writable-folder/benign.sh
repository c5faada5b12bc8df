set -e
LD_PRELOAD=/usr/lib/x86_64-linux-gnu/libm.so.6 /bin/true
