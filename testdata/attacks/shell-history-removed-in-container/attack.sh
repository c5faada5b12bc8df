rm /root/.bash_history
