find / -xdev -name id_rsa > /dev/null
