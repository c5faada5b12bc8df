mkdir -p /home/t/.ssh
echo k > /home/t/.ssh/authorized_keys
