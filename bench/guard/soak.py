"""The guard with 200 containers and an engine that knows them, and 1,000,000 events at 100,000 a second: memory, losses, leaks.

Needs root. Runs itself in a mount namespace, where /run is its own: the engine at /run/docker.sock is this script."""

import argparse
import json
import os
import pathlib
import re
import signal
import socketserver
import subprocess
import sys
import threading
import time
import urllib.request

METRICS = "127.0.0.1:19464"
TOKEN = "/run/secrets/kubernetes.io/serviceaccount/token"
# A paced loop: so many opens each millisecond.
LOOP = """
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
int main(int count, char **words) {
    long events = atol(words[1]), a_millisecond = atol(words[2]) / 1000, done = 0;
    struct timespec next;
    clock_gettime(CLOCK_MONOTONIC, &next);
    while (done < events) {
        for (long i = 0; i < a_millisecond; i++, done++) {
            int file = open(words[3], O_RDONLY);
            if (file < 0) return 1;
            close(file);
        }
        next.tv_nsec += 1000000;
        if (next.tv_nsec >= 1000000000) { next.tv_nsec -= 1000000000; next.tv_sec++; }
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, 0);
    }
    return 0;
}
"""


def identifier(number):
    return f"{number:04x}" * 3 + f"{number:052x}"


def described(identity):
    number = int(identity[12:], 16)
    labels = {f"com.example.label{n}": "some value of a label" for n in range(8)}
    return {
        "Id": identity, "Name": f"/service-{number}", "Created": "2026-11-26T00:00:00Z",
        "State": {"Status": "running", "Running": True, "StartedAt": "2026-11-26T00:00:00.5Z"},
        "Image": f"sha256:{number:064x}",
        "Config": {"Image": f"registry.example/team/service-{number}:1.{number}", "Labels": labels},
        "HostConfig": {"Privileged": False}, "NetworkSettings": {"Networks": {}},
        "Mounts": [{"Type": "bind", "Source": f"/srv/{number}", "Destination": "/data", "RW": True}],
    }


class Engine(socketserver.StreamRequestHandler):
    """Answers as Docker does, as far as the guard asks."""

    containers = 0

    def handle(self):
        while line := self.rfile.readline():
            path = line.split()[1].decode()
            while self.rfile.readline().strip():
                pass
            if re.search(r"/events", path):
                self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                self.wfile.flush()
                threading.Event().wait(3600)
            found = re.search(r"/containers/([0-9a-f]{64})/json", path)
            image = re.search(r"/images/(.+)/json", path)
            if found and int(found.group(1)[12:], 16) < self.containers:
                self.answer(200, described(found.group(1)))
            elif re.search(r"/containers/json", path):
                self.answer(200, [{"Id": identifier(n)} for n in range(self.containers)])
            elif image:
                self.answer(200, {"Id": image.group(1), "RepoDigests": [f"registry.example/x@{image.group(1)}"]})
            elif re.search(r"/(info|version)$", path):
                self.answer(200, {"DockerRootDir": "/var/lib/docker", "ApiVersion": "1.44", "Version": "26"})
            else:
                self.answer(404, {"message": "no such container"})

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.wfile.write(f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode())
        self.wfile.write(body)


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


def group_root():
    for root in ("/sys/fs/cgroup/pids", "/sys/fs/cgroup"):
        if pathlib.Path(root, "cgroup.procs").exists():
            return pathlib.Path(root, "docker")
    sys.exit("no control groups")


def run_in(group, command, **more):
    script = f'echo $$ > {group}/cgroup.procs; exec "$@"'
    return subprocess.Popen(["sh", "-c", script, "sh"] + command, **more)


def memory(pid, line="VmRSS"):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"{line}:\s+(\d+)", status).group(1)) / 1024


def metric(name):
    text = urllib.request.urlopen(f"http://{METRICS}/metrics", timeout=10).read().decode()
    return sum(float(m) for m in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.M))


def measured(arguments):
    subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
    folder = pathlib.Path("/run/bench")
    folder.mkdir()
    pathlib.Path(TOKEN).parent.mkdir(parents=True)
    pathlib.Path(TOKEN).write_text("x")
    (folder / "loop.c").write_text(LOOP)
    subprocess.run(["gcc", "-O2", "-o", folder / "loop", folder / "loop.c"], check=True)
    Engine.containers = arguments.containers
    server = Server("/run/docker.sock", Engine)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    groups = [group_root() / identifier(n) for n in range(arguments.containers)]
    for group in groups:
        group.mkdir(parents=True, exist_ok=True)
    sleeping = [run_in(group, ["sleep", "600"]) for group in groups]
    alerts = folder / "alerts.jsonl"
    guard = subprocess.Popen([arguments.seawall, "guard", "-o", f"jsonl={alerts}", "--metrics", METRICS, "--fold", "2"],
                             stderr=subprocess.DEVNULL)
    try:
        time.sleep(6)
        for group in groups:
            # An alert in each, so that each name is asked for and told.
            run_in(group, ["cat", "/etc/shadow"], stdout=subprocess.DEVNULL).wait()
        time.sleep(4)
        lines = [json.loads(line) for line in alerts.read_text().splitlines()]
        named = {line["seawall"]["container"]["name"] for line in lines if line["rule"].startswith("Password file")}
        print(f"{arguments.containers} containers: resident memory {memory(guard.pid):.0f} MB, {memory(guard.pid, 'RssAnon'):.0f} "
              f"of them its own, {memory(guard.pid, 'VmHWM'):.0f} at most; {len(named)} of them told by name")
        assert len(named - {None}) == arguments.containers, len(named)
        pace = lambda events: [str(folder / "loop"), str(events), str(arguments.rate), TOKEN]
        run_in(groups[0], pace(arguments.events // 10)).wait()
        time.sleep(2.5)
        warm, processes, before = memory(guard.pid), metric("seawall_processes"), metric("seawall_events_total")
        ticks = lambda: sum(map(int, pathlib.Path(f"/proc/{guard.pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]))
        cpu, began = ticks(), time.monotonic()
        loop = run_in(groups[0], pace(arguments.events))
        forks = run_in(groups[1], ["sh", "-c", "for i in $(seq 2000); do /bin/true; done"])
        loop.wait()
        wall = time.monotonic() - began
        forks.wait()
        time.sleep(2.5)
        seen, lost = metric("seawall_events_total") - before, metric("seawall_events_lost_total")
        cpu = (ticks() - cpu) / os.sysconf("SC_CLK_TCK")
        print(f"{arguments.events} events in {wall:.1f} s: {seen:.0f} judged, {lost:.0f} lost, {cpu:.1f} s of the guard's CPU "
              f"({1e6 * cpu / seen:.1f} µs each, {seen / cpu:.0f} a second of one core)")
        at_end = memory(guard.pid)
        # What a burst took goes back after a hundred calm looks at the rings.
        time.sleep(15)
        print(f"memory {warm:.0f} MB after warming up, {at_end:.0f} MB at the end, {memory(guard.pid):.0f} MB a while later; "
              f"processes known {processes:.0f} and {metric('seawall_processes'):.0f}")
    finally:
        end(guard, sleeping, groups)


def end(guard, sleeping, groups):
    """Ends what was started, and takes the control groups away."""
    guard.send_signal(signal.SIGTERM)
    guard.wait()
    for process in sleeping:
        process.kill()
        process.wait()
    time.sleep(0.3)
    for group in groups:
        try:
            group.rmdir()
        except OSError as error:
            print(f"{group}: {error}", file=sys.stderr)


def in_own_mounts():
    """Begins anew in a mount namespace of its own."""
    if os.environ.get("SEAWALL_BENCH_NAMESPACE") is None:
        os.environ["SEAWALL_BENCH_NAMESPACE"] = "1"
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable] + sys.argv)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seawall", required=True)
    parser.add_argument("--containers", type=int, default=200)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rate", type=int, default=100_000)
    arguments = parser.parse_args()
    in_own_mounts()
    measured(arguments)


if __name__ == "__main__":
    main()
