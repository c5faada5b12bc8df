: > /dev/evil
