# The other side of every connection: addresses of the world on the loopback interface, and somebody who takes every
# connection, says nothing, and closes it. A name server knows no name.
import selectors
import socket
import subprocess

for address in ("203.0.113.5", "198.51.100.7", "169.254.169.254", "10.2.3.4", "100.100.100.200"):
    subprocess.run(["/bin/ip", "address", "add", address + "/32", "dev", "lo"], check=True)
wanted = selectors.DefaultSelector()
for port in (22, 80, 443, 2379, 3333, 6443, 8080, 9001, 10250, 25565, 31000):
    listener = socket.create_server(("0.0.0.0", port), backlog=64)
    wanted.register(listener, selectors.EVENT_READ)
names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
names.bind(("0.0.0.0", 53))
wanted.register(names, selectors.EVENT_READ)
print("listening", flush=True)
while True:
    for key, _ in wanted.select():
        if key.fileobj is names:
            question, asker = names.recvfrom(512)
            names.sendto(question[:2] + b"\x81\x83" + question[4:], asker)
        else:
            key.fileobj.accept()[0].close()
