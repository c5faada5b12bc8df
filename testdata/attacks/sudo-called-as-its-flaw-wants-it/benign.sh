set -e
sudo -s true
