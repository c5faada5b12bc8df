setsid whoami
set -m
whoami
