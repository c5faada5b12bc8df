id > /dev/null
uname -a > /dev/null
