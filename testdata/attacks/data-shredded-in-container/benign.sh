set -e
echo x > /srv/x
rm /srv/x
