set -e
touch /srv/x
