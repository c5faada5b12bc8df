echo x > /var/tmp/.x
