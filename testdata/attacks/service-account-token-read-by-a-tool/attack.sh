mkdir -p /var
[ -e /var/run ] || ln -s /run /var/run
/usr/bin/python3 -c 'open("/run/secrets/kubernetes.io/serviceaccount/token", "w").write("x")'
cat /var/run/secrets/kubernetes.io/serviceaccount/token > /dev/null
