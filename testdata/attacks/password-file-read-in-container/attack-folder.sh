/usr/bin/python3 - <<'END'
import os
folder = os.open('/etc', os.O_RDONLY)
os.open('shadow', os.O_RDONLY, dir_fd=folder)
END
