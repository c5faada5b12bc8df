set -e
/usr/bin/python3 -c 'import socket;socket.create_connection(("203.0.113.5",443)).close()'
node -e 'require("fs")'
ruby -e 'puts 1' > /dev/null
sh -c 'echo ok; true'
