set -e
/usr/bin/python3 -c 'import urllib.request'
