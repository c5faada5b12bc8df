cat /root/.ssh/id_rsa > /dev/null
