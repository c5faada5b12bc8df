set -e
mysqld -c '/bin/sleep 0.1; true'
