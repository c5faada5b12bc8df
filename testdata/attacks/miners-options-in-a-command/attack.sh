/bin/echo -o stratum+tcp://203.0.113.5:3333 -u u -p p > /dev/null
