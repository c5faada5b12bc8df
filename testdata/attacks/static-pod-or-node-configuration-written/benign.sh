set -e
echo x > /srv/pod.yaml
