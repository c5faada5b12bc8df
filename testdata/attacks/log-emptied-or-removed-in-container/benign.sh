set -e
echo line >> /var/log/app.log
tail -n 1 /var/log/app.log > /dev/null
