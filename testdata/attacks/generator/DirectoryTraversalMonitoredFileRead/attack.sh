/usr/bin/python3 -c 'import subprocess;subprocess.run(["/bin/cat","/etc/../etc/../etc/shadow"])' > /dev/null
