mount -o x
true
