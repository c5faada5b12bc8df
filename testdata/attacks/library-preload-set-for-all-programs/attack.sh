echo /srv/x.so > /etc/ld.so.preload
rm /etc/ld.so.preload
