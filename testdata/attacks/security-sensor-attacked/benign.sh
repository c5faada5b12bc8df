set -e
sleep 60 &
until [ /proc/$!/exe -ef /bin/sleep ]; do :; done
pkill sleep
