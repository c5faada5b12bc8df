mkdir /tmp/.x
