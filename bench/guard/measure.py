"""Runs each workload with and without the guard in turns, and compares each pair. Started by run.sh."""

import argparse
import datetime
import os
import pathlib
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import workloads

TICKS = os.sysconf("SC_CLK_TCK")
ID = "5ea0a11be7c5" + "0" * 52  # what a container's control group is called


def cpu_of(pids):
    """User and system seconds of these processes so far."""
    total = 0
    for pid in pids:
        try:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        except OSError:
            pass
    return total / TICKS


class Guard:
    """`seawall guard` with the rules that ship, until it is closed."""

    def __init__(self, seawall, folder, tier):
        command = [seawall, "guard", "-o", f"jsonl={folder}/alerts.jsonl"]
        self.enforces = tier == "exec-kill"
        if self.enforces:
            policy = folder / "policy.yaml"
            policy.write_text(workloads.POLICY)
            command += ["--policy", str(policy)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.said = ""
        for line in self.process.stderr:
            self.said += line
            if line.startswith("guarding"):
                break
        else:
            sys.exit(f"the guard did not start:\n{self.said}")
        time.sleep(0.7)  # it learns what runs already, and which control groups are the host's

    def cpu(self):
        return cpu_of([self.process.pid])

    def memory(self):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text).group(1)) / 1024

    def close(self):
        """Ends it, and with it what stays in the kernel; gives how many events were judged."""
        self.process.send_signal(signal.SIGTERM)
        said = self.process.communicate()[1]
        if self.enforces:
            subprocess.run([self.process.args[0], "guard", "--remove"], capture_output=True, check=True)
        events = re.search(r"(\d+) events", said)
        return int(events.group(1)) if events else 0


class Place:
    """Where the work is done: on the host, or in a control group that is called like a container's."""

    def __init__(self, name):
        self.name = name
        self.group = None
        if name == "container":
            for root in ("/sys/fs/cgroup/pids", "/sys/fs/cgroup"):
                if pathlib.Path(root, "cgroup.procs").exists():
                    self.group = pathlib.Path(root, "docker", ID)
                    self.group.mkdir(parents=True, exist_ok=True)
                    break

    def start(self, command, **more):
        """Starts a command there; in a container it has a PID namespace of its own."""
        if self.group is None:
            return subprocess.Popen(command, **more)
        procs = self.group / "cgroup.procs"
        enter = ["sh", "-c", f'echo $$ > {procs}; exec unshare --pid --fork "$@"', "sh"]
        return subprocess.Popen(enter + command, **more)

    def close(self):
        if self.group is not None:
            for _ in range(50):
                try:
                    self.group.rmdir()
                    return
                except OSError:
                    time.sleep(0.1)


def once(workload, place, guard):
    """Seconds, CPU seconds of the work, CPU seconds of the guard."""
    servers = workload.servers()
    own = lambda: sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) + cpu_of(servers)
    before, guarded, began = own(), guard.cpu() if guard else 0, time.monotonic()
    amount = workload.run(place)
    wall = time.monotonic() - began
    work = own() - before
    if guard:
        time.sleep(0.05)  # what it has not read yet is its work, too
    spent = guard.cpu() - guarded if guard else 0
    return (1 / amount if amount else wall), work, spent


def pairs(workload, place, tier, arguments, folder, raw):
    walls, cpus, events, memory, least = [], [], [], [], {False: [], True: []}
    workload.prepare(place)
    once(workload, place, None)  # warm
    for number in range(arguments.pairs):
        seen = {}
        # Which comes first alternates, so that what gets slower or faster with time is neither's.
        for guarded in (False, True) if number % 2 == 0 else (True, False):
            guard = Guard(arguments.seawall, folder, tier) if guarded else None
            seen[guarded] = once(workload, place, guard)
            if guard:
                memory.append(guard.memory())
                events.append(guard.close())
            values = "\t".join(f"{v:.6f}" for v in seen[guarded])
            raw.write(f"{workload.name}\t{place.name}\t{tier}\t{number}\t{'on' if guarded else 'off'}\t{values}\n")
            raw.flush()
        (wall, work, _), (wall_on, work_on, spent) = seen[False], seen[True]
        walls.append(wall_on / wall - 1)
        cpus.append((work_on + spent) / work - 1)
        least[False].append(work)
        least[True].append(work_on + spent)
    workload.finish()
    middle = lambda values: f"{100 * statistics.median(values):+.1f} %"
    quarter = statistics.quantiles(walls, n=4) if len(walls) > 1 else [walls[0]] * 3
    spread = f"{100 * quarter[0]:+.1f} … {100 * quarter[2]:+.1f} %"
    lost = (folder / "alerts.jsonl").read_text().count("internal: events lost")
    lowest = f"{100 * (min(least[True]) / min(least[False]) - 1):+.1f} %"
    row = [workload.name, place.name, tier, middle(walls), spread, middle(cpus), lowest, f"{statistics.median(events):.0f}",
           f"{max(memory):.0f} MB", str(lost)]
    (folder / "alerts.jsonl").unlink()
    print(" | ".join(row), file=sys.stderr, flush=True)
    return row


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seawall", required=True)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--only", help="workloads, comma between them")
    parser.add_argument("--places", default="container,host")
    parser.add_argument("--out")
    arguments = parser.parse_args()
    arguments.seawall = shutil.which(arguments.seawall) or os.path.abspath(arguments.seawall)
    out = pathlib.Path(arguments.out or f"bench/guard/results/{datetime.date.today()}")
    out.mkdir(parents=True, exist_ok=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="seawall-bench-", dir="/var/tmp"))
    rows = []
    began = time.monotonic()
    try:
        with open(out / "raw.tsv", "w") as raw:
            raw.write("workload\tplace\ttier\tpair\tguard\tseconds\tcpu\tguard_cpu\n")
            wanted = [w for w in workloads.ALL if not arguments.only or w.name in arguments.only.split(",")]
            for workload in [kind(folder) for kind in wanted]:
                for name in arguments.places.split(","):
                    place = Place(name)
                    tiers = ["observe"] + (["exec-kill"] if name == "container" and workload.runs_programs else [])
                    for tier in tiers:
                        rows.append(pairs(workload, place, tier, arguments, folder, raw))
                    place.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    head = ["workload", "where", "tier", "time", "middle half", "CPU with the guard's", "least CPU", "events", "memory", "loss alerts"]
    table = [head, ["---"] * 3 + ["--:"] * 7] + rows
    processor = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    load = pathlib.Path("/proc/loadavg").read_text().split()[:3]
    text = "\n".join("| " + " | ".join(row) + " |" for row in table)
    summary = (f"{datetime.date.today()}, {os.cpu_count()} × {processor.group(1) if processor else 'unknown'}, "
               f"Linux {os.uname().release}, load {' '.join(load)} at the end, {arguments.pairs} pairs each, "
               f"{(time.monotonic() - began) / 60:.1f} minutes. Medians of paired ratios.\n\n{text}\n")
    (out / "summary.md").write_text(summary)
    print(summary)


main()
