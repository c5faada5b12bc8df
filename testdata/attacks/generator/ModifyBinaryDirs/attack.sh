mv /bin/true /bin/true.x
mv /bin/true.x /bin/true
