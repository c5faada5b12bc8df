set -e
mkdir -p /srv/app
echo x > /srv/app/config.json
cat /srv/app/config.json > /dev/null
