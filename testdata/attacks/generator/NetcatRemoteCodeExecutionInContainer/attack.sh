nc -e /bin/true 203.0.113.5 9001
