# The other side of the tests of names: a name server whose answers change, and a service at every address that it may answer.
import os, socket, struct, threading, time

# Without a table of routes every address counts as one to all, and a socket that is bound to it sends from another.
os.system("ip link set lo up")

IP_FREEBIND, IPV6_FREEBIND = 15, 78
asked = 0


def record(kind, data, owner=b"\xc0\x0c", ttl=0, group=1, length=None):
    return owner + struct.pack(">HHIH", kind, group, ttl, len(data) if length is None else length) + data


def a(text, **more):
    return record(1, socket.inet_aton(text), **more)


def reply(data):
    """The answer to a question, by the first label of its name, and whether another address sends it."""
    global asked
    at = 12
    while data[at]:
        at += data[at] + 1
    question, kind = data[12:at + 5], data[at + 2]
    word = data[13:13 + data[12]].decode().lower()
    back, flags, questions, records, count = data[:2], 0x8180, 1, [], None
    asked += 1
    number = asked % 200 + 1
    behind = 12 + len(question) + 12
    if word in ("pool", "hour", "years"):
        ttl = {"pool": 0, "hour": 3600, "years": 1 << 31}[word]
        v6 = socket.inet_pton(socket.AF_INET6, "fd77:1::%d" % number)
        records = [record(28, v6, ttl=ttl)] if kind == 28 else [a("10.77.1.%d" % number, ttl=ttl)]
    elif word == "mapped":
        records = [record(28, socket.inet_pton(socket.AF_INET6, "::ffff:10.77.1.203"))]
    elif word == "alias":
        chain = record(5, b"\x04edge\x05other\x07example\x00")
        records = [record(16, b"\x03any"), chain, a("10.77.1.201", owner=struct.pack(">H", 0xc000 | behind + 16))]
    elif word == "bare":
        records = [a("10.77.1.202", owner=question[:-4])]
    elif word == "many":
        records = [a("10.77.4.%d" % n) for n in range(255)]
    elif word == "near":
        records = [a("169.254.1.1")]
    elif word == "elsewhere":
        records = [a("10.77.2.1")]
    elif word == "id":
        back, records = bytes([data[0] ^ 1, data[1]]), [a("10.77.2.2")]
    elif word == "later":
        question = b"\x04pool\x04wild\x07example\x00" + question[-4:]
        records = [a("10.77.2.3")]
    elif word == "swapped":
        question = b"\x04pool\x05other\x07example\x00" + question[-4:]
        records = [a("10.77.2.4")]
    elif word == "wild":
        records = [a("10.77.2.5")]
    elif word == "stranger":
        records = [a("10.77.2.6")]
    elif word == "cut":
        records, count = [a("10.77.3.1"), a("10.77.3.1")[:9]], 2
    elif word == "loop":
        records = [a("10.77.3.2", owner=struct.pack(">H", 0xc000 | 12 + len(question)))]
    elif word == "forward":
        records = [a("10.77.3.3", owner=b"\xff\xff")]
    elif word == "type":
        records = [a("10.77.3.4", owner=b"\x41x\x00")]
    elif word == "long":
        records = [a("10.77.3.5"), record(16, b"", length=65535)]
    elif word == "count":
        records, count = [a("10.77.3.6")], 255
    elif word == "error":
        flags, records = 0x8183, [a("10.77.3.7")]
    elif word == "again":
        flags, records = 0x0100, [a("10.77.3.8")]
    elif word == "two":
        questions, records = 2, [a("10.77.3.9")]
    elif word == "class":
        records = [a("10.77.3.10", group=3)]
    elif word == "size":
        records = [record(1, socket.inet_aton("10.77.3.11") + b"\x00"), record(28, socket.inet_aton("10.77.3.11") * 3)]
    elif word == "labels":
        records = [a("10.77.3.12", owner=b"\x01x" * 200 + b"\x00")]
    else:
        return None, False
    head = struct.pack(">HHHHH", flags, questions, len(records) if count is None else count, 0, 0)
    return back + head + question + b"".join(records), word == "elsewhere"


def bound(family, kind, address, port):
    s = socket.socket(family, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    level, option = (socket.IPPROTO_IP, IP_FREEBIND) if family == socket.AF_INET else (socket.IPPROTO_IPV6, IPV6_FREEBIND)
    s.setsockopt(level, option, 1)
    s.bind((address, port))
    return s


other = bound(socket.AF_INET, socket.SOCK_DGRAM, "10.77.0.2", 53)


def names(s):
    while True:
        data, who = s.recvfrom(2000)
        answer, elsewhere = reply(data)
        if answer:
            (other if elsewhere else s).sendto(answer, who)


def listen(port, serve):
    s = bound(socket.AF_INET6, socket.SOCK_STREAM, "::", port)
    s.listen(64)
    ready.append(port)
    while True:
        c, _ = s.accept()
        threading.Thread(target=talk, args=(c, serve), daemon=True).start()


def talk(c, serve):
    try:
        serve(c)
        c.close()
    except OSError:
        pass


def echo(c):
    c.sendall(c.recv(100))


def ask(c):
    answer, _ = reply(c.recv(2000)[2:])
    c.sendall(struct.pack(">H", len(answer)) + answer)


servers = [(socket.AF_INET, "10.77.0.1"), (socket.AF_INET6, "fd77::1")]
work = [(names, (bound(family, socket.SOCK_DGRAM, address, 53),)) for family, address in servers]
work += [(names, (other,))]
work += [(listen, (80, echo)), (listen, (81, echo)), (listen, (53, ask))]
ready = []
for function, arguments in work:
    threading.Thread(target=function, args=arguments, daemon=True).start()
while len(ready) < 3:
    time.sleep(0.01)
print("listening", flush=True)
time.sleep(3600)
