set -e
echo text > /var/www/html/x.html
