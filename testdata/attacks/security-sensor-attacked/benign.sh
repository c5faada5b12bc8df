set -e
sleep 5 &
pkill sleep
