touch /tmp/ash_history
rm /tmp/ash_history
