d=$(mktemp -d)
sh -c ": > $d/syslog; true"
