set -e
touch /srv/x
rm /srv/x
/bin/true
