pkill seawall
true
