echo '[Service]' > /etc/systemd/system/x.service
