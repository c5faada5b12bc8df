setpriv --reuid=daemon --clear-groups /bin/login
# A user's name is read from the container's own list, for as long as one of its processes runs.
sleep 1
