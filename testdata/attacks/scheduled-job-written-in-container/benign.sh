set -e
ls /etc/cron.d > /dev/null
echo x > /srv/job
