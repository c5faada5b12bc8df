cp /bin/sleep /tmp/server
/tmp/server 5 &
sleep 0.2
echo x > /proc/$!/exe
kill %1
