mkdir -p /etc/apt/sources.list.d
: > /etc/apt/sources.list.d/x.list
