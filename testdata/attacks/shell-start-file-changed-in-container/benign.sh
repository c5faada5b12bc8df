set -e
bash -l -c true
