cp /bin/true /srv/tool
/srv/tool
