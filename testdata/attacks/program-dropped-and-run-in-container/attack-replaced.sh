cp /usr/bin/id /srv/true
mv /srv/true /srv/app
/srv/app > /dev/null
