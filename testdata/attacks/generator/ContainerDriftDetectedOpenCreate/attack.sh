/usr/bin/python3 -c 'import os;os.open("/tmp/b",os.O_CREAT|os.O_WRONLY,0o755)'
