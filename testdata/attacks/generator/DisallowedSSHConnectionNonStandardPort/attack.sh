timeout 5 ssh -o BatchMode=yes -p 443 u@203.0.113.5
true
