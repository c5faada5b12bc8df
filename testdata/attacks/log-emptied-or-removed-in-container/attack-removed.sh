rm /var/log/app.log
