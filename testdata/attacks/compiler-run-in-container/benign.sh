set -e
/usr/bin/python3 -m compileall -q /srv
