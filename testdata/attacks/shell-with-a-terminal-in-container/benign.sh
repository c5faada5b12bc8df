set -e
bash -c 'true; true'
