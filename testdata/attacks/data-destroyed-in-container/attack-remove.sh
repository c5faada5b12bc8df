rm -r /etc
