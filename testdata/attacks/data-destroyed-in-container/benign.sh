set -e
mkdir -p /srv/a/b
rm -r /srv/a
