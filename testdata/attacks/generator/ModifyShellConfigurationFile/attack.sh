echo x | tee /tmp/.bashrc > /dev/null
