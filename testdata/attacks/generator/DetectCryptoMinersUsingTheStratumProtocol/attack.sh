/bin/echo -o stratum+tcp://x:3333 -u u -p p
