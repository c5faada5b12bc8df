set -e
[ -e / ]
/usr/bin/test -e /
