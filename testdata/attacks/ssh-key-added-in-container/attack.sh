echo ssh-ed25519 > /root/.ssh/authorized_keys
