set -e
mkdir -p /var
[ -e /var/run ] || ln -s /run /var/run
/usr/bin/python3 -c 'open("/run/secrets/kubernetes.io/serviceaccount/token", "w").write("x")'
/usr/bin/python3 -c 'open("/var/run/secrets/kubernetes.io/serviceaccount/token").read()'
