echo x > /srv/x
chattr +i /srv/x
true
