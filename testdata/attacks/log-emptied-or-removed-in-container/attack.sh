: > /var/log/app.log
