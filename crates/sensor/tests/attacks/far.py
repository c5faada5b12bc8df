# The other side of every connection: addresses of the world on the loopback interface, and somebody who takes every
# connection, says nothing, and closes it.
import selectors
import socket
import subprocess

for address in ("203.0.113.5", "198.51.100.7", "169.254.169.254", "10.2.3.4", "100.100.100.200"):
    subprocess.run(["/bin/ip", "address", "add", address + "/32", "dev", "lo"], check=True)
wanted = selectors.DefaultSelector()
for port in (22, 80, 443, 2379, 3333, 6443, 8080, 9001, 10250, 25565, 31000):
    listener = socket.create_server(("0.0.0.0", port), backlog=64)
    wanted.register(listener, selectors.EVENT_READ)
print("listening", flush=True)
while True:
    for key, _ in wanted.select():
        key.fileobj.accept()[0].close()
