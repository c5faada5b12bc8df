mkdir -p /etc/kubernetes/manifests
echo x > /etc/kubernetes/manifests/pod.yaml
