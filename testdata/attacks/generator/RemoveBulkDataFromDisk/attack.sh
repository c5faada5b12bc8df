echo x > /tmp/f
shred -u /tmp/f
