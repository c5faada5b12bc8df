set -e
iptables -L
