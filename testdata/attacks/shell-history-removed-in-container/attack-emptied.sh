: > /root/.bash_history
