mkdir /tmp/.h
