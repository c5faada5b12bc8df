set -e
cp /bin/true /srv/x
rm /srv/x
