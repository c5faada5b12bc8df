mkdir -p /home/t/.ssh
touch /home/t/.ssh/known_hosts
cat /home/t/.ssh/known_hosts
