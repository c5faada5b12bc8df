HTTP_PROXY=http://p curl -V > /dev/null
