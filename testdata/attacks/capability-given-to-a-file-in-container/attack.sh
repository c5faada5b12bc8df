cp /bin/true /srv/x
setcap cap_net_raw+ep /srv/x
true
