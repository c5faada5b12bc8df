mkdir /bin/zz
