mkdir -p /boot
: > /boot/z
