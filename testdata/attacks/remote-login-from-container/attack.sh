ssh -o BatchMode=yes -o ConnectTimeout=2 u@203.0.113.5 true
true
