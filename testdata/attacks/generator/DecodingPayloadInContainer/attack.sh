/bin/echo ZGVj '|' base64 -d
