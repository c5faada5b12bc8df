#!/bin/sh
# Installs the Debian packages of tests/packages.txt that are missing; where it may not, names them in one line.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
missing=""
while read -r package; do
    case "$package" in '' | '#'*) continue ;; esac
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done < "$here/tests/packages.txt"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing for the tests:$missing" >&2
    apt-get update -qq
    # Services that packages bring must not start here: tests start their own.
    printf '#!/bin/sh\nexit 101\n' > /tmp/seawall-policy-rc.$$ && chmod 755 /tmp/seawall-policy-rc.$$
    [ -e /usr/sbin/policy-rc.d ] || { cp /tmp/seawall-policy-rc.$$ /usr/sbin/policy-rc.d; made=1; }
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
    rm -f /tmp/seawall-policy-rc.$$
    [ -z "${made:-}" ] || rm -f /usr/sbin/policy-rc.d
else
    echo "tests that need these Debian packages will be skipped:$missing (install them as root: apt-get install$missing)" >&2
fi
