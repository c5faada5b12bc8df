apt-get --version > /dev/null
