echo x > /tmp/.bashrc
cat /tmp/.bashrc > /dev/null
