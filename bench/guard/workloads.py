"""The work that is done with and without the guard. Each takes one to two seconds."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import time

# Every program is looked at as where it is stopped; a dry run, because the machine may have containers of others.
POLICY = """\
apiVersion: seawall/v1
name: bench
runtime:
  - id: bench
    mode: dry-run
    deny: [dropped-programs, memory-programs, volume-programs]
"""


def wait_for(port):
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"nothing listens at port {port}")


def below(pid):
    """A process and all that descend from it."""
    found = [pid]
    for one in found:
        try:
            found += map(int, pathlib.Path(f"/proc/{one}/task/{one}/children").read_text().split())
        except OSError:
            pass
    return found


class Workload:
    runs_programs = False

    def __init__(self, folder):
        self.folder = folder
        self.server = None

    def prepare(self, place):
        pass

    def servers(self):
        return below(self.server.pid) if self.server else []

    def finish(self):
        if self.server:
            for pid in reversed(below(self.server.pid)):
                try:
                    os.kill(pid, signal.SIGKILL)
                except OSError:
                    pass
            self.server.wait()
            self.server = None

    def do(self, place, command, **more):
        process = place.start(command, stdout=subprocess.DEVNULL, **more)
        if process.wait() != 0:
            raise SystemExit(f"{self.name} failed: {command}")


class Nginx(Workload):
    name = "nginx"

    def prepare(self, place):
        page = self.folder / "www"
        page.mkdir(exist_ok=True)
        (page / "index.html").write_text("x" * 4096)
        config = self.folder / "nginx.conf"
        config.write_text(f"""
daemon off; worker_processes 1; pid {self.folder}/nginx.pid; error_log {self.folder}/nginx.log;
events {{ worker_connections 512; }}
http {{ access_log off; sendfile on; keepalive_requests 1000000;
  server {{ listen 127.0.0.1:18080; root {page}; }} }}
""")
        subprocess.run(["chmod", "-R", "a+rX", str(self.folder)], check=True)
        self.server = place.start(["nginx", "-p", str(self.folder), "-c", str(config)], stderr=subprocess.DEVNULL)
        wait_for(18080)

    def run(self, place):
        said = subprocess.run(["wrk", "-t1", "-c16", "-d1", "http://127.0.0.1:18080/"], capture_output=True, text=True)
        return float(re.search(r"Requests/sec:\s+([\d.]+)", said.stdout).group(1))


class Redis(Workload):
    name = "redis"

    def prepare(self, place):
        command = ["redis-server", "--port", "16379", "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder)]
        self.server = place.start(command, stdout=subprocess.DEVNULL)
        wait_for(16379)

    def run(self, place):
        command = ["redis-benchmark", "-p", "16379", "-q", "-n", "40000", "-c", "16", "-t", "set,get"]
        said = subprocess.run(command, capture_output=True, text=True).stdout.replace("\r", "\n")
        rates = [float(rate) for rate in re.findall(r"(?:SET|GET): ([\d.]+) requests per second", said)]
        return len(rates) / sum(1 / rate for rate in rates)


class Files(Workload):
    name = "tar and find"

    def prepare(self, place):
        tree = self.folder / "tree"
        if tree.exists():
            return
        for one in range(300):
            folder = tree / f"{one // 20}" / f"{one}"
            folder.mkdir(parents=True)
            for two in range(100):
                (folder / f"file{two}.txt").write_text("content\n" * 8)

    def run(self, place):
        script = 'tar -C "$1" -cf - . | cat > /dev/null; find "$1" -type f -size +0 | wc -l; find "$1" -newer /etc/passwd | wc -l'
        self.do(place, ["sh", "-c", script, "sh", str(self.folder / "tree")])


class Build(Workload):
    name = "C build"
    runs_programs = True

    def prepare(self, place):
        source = self.folder / "source"
        if source.exists():
            return
        source.mkdir()
        for one in range(60):
            body = "".join(f"int f{one}_{n}(int x) {{ return printf(\"%d\", x * {n} + {one}); }}\n" for n in range(40))
            (source / f"f{one}.c").write_text("#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n" + body)
        (source / "build.sh").write_text(
            "cd \"$1\" && ls f*.c | xargs -P 2 -n 1 gcc -O1 -c && ar rcs lib.a f*.o && rm -f *.o lib.a\n")

    def run(self, place):
        self.do(place, ["sh", str(self.folder / "source/build.sh"), str(self.folder / "source")])


class Forks(Workload):
    name = "20,000 processes"
    runs_programs = True

    def prepare(self, place):
        program = self.folder / "forks"
        if program.exists():
            return
        source = self.folder / "forks.c"
        # Half of them run a program, two at a time.
        source.write_text("""
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
extern char **environ;
int main(int count, char **words) {
    for (int i = 0; i < 20000; i++) {
        if (i >= 2) wait(0);
        if (vfork() == 0) {
            if (i % 2) { char *args[] = {words[1], 0}; execve(words[1], args, environ); }
            _exit(0);
        }
    }
    while (wait(0) > 0) {}
}
""")
        subprocess.run(["gcc", "-O1", "-o", str(program), str(source)], check=True)
        nothing = self.folder / "nothing.c"
        nothing.write_text("int main(void) { return 0; }\n")
        subprocess.run(["gcc", "-O1", "-static", "-o", str(self.folder / "nothing"), str(nothing)], check=True)

    def run(self, place):
        self.do(place, [str(self.folder / "forks"), str(self.folder / "nothing")])


ALL = [Nginx, Redis, Files, Build, Forks]
