ln -v /etc/shadow /etc/zz
