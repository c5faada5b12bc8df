scp
true
