echo x > /srv/x
shred -u /srv/x
