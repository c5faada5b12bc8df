wget -V > /dev/null
