unshare
true
