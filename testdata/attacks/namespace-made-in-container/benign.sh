set -e
setsid true
