exec 8</
/usr/bin/python3 -c 'import os;os.chdir("/proc/self/fd/8")'
