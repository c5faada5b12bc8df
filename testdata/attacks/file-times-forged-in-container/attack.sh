touch -t 202001010000 /srv/x
