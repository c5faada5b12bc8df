curl -V > /dev/null
