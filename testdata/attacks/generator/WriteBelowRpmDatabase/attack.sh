mkdir -p /var/lib/rpm
: > /var/lib/rpm/z
