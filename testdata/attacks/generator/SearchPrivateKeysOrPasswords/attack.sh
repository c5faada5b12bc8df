find /tmp -iname id_rsa
