set -e
find /usr/bin -name bash > /dev/null
grep root /etc/passwd > /dev/null
