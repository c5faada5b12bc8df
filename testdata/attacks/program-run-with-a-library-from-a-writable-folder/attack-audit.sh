LD_AUDIT=/srv/x.so /bin/true
