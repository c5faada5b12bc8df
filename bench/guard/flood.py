"""A container that makes interesting events at a steady rate on one core, and the guard on another: losses, and CPU time of both.

Needs root and two cores. As soak.py, in a mount namespace where /run is its own and the engine is this script."""

import argparse
import os
import pathlib
import resource
import subprocess
import threading
import time

import soak


def pinned(cpu, command):
    # Others may use the machine: both sides get their processor before them, as if they were alone.
    return ["chrt", "--fifo", "10", "taskset", "--cpu-list", str(cpu)] + command


def cpu_of(pid):
    """Seconds of CPU time of all threads, to the nanosecond, and by thread."""
    threads = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        name = (task / "comm").read_text().strip()
        threads[f"{name}/{task.name}"] = int((task / "schedstat").read_text().split()[0]) / 1e9
    return sum(threads.values()), threads


def ready():
    """Waits until the guard has begun: programs are loaded, and what runs is known."""
    until = time.monotonic() + 60
    while True:
        try:
            soak.metric("seawall_processes")
            break
        except OSError:
            assert time.monotonic() < until, "the guard did not start"
            time.sleep(0.2)
    time.sleep(4)


def flood(arguments, folder, group, rate):
    """One run: events made, judged and lost, seconds, CPU time of both sides."""
    seen, lost = soak.metric("seawall_events_total"), soak.metric("seawall_events_lost_total")
    cpu, _ = cpu_of(arguments.guard)
    children, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    events = rate * arguments.seconds
    command = [str(folder / "loop"), str(events), str(rate), soak.TOKEN]
    assert soak.run_in(group, pinned(arguments.loop_cpu, command)).wait() == 0
    seconds, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    made = sum(getattr(after, part) - getattr(children, part) for part in ("ru_utime", "ru_stime"))
    time.sleep(2.5)
    guard, _ = cpu_of(arguments.guard)
    return {
        "asked": rate, "events": events, "seconds": seconds, "a_second": events / seconds,
        "judged": soak.metric("seawall_events_total") - seen, "lost": soak.metric("seawall_events_lost_total") - lost,
        "guard_us": 1e6 * (guard - cpu) / events, "maker_us": 1e6 * made / events,
    }


def measured(arguments):
    subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
    folder = pathlib.Path("/run/bench")
    folder.mkdir()
    pathlib.Path(soak.TOKEN).parent.mkdir(parents=True)
    pathlib.Path(soak.TOKEN).write_text("x")
    (folder / "loop.c").write_text(soak.LOOP)
    subprocess.run(["gcc", "-O2", "-o", folder / "loop", folder / "loop.c"], check=True)
    soak.Engine.containers = 1
    soak.Server.handle_error = lambda *_: None
    server = soak.Server("/run/docker.sock", soak.Engine)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    group = soak.group_root() / soak.identifier(0)
    group.mkdir(parents=True, exist_ok=True)
    sleeping = soak.run_in(group, ["sleep", "600"])
    plain = {}
    for rate in arguments.rate:
        began = resource.getrusage(resource.RUSAGE_CHILDREN)
        soak.run_in(group, pinned(arguments.loop_cpu, [str(folder / "loop"), str(rate * 2), str(rate), soak.TOKEN])).wait()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        plain[rate] = 1e6 * (after.ru_utime + after.ru_stime - began.ru_utime - began.ru_stime) / (rate * 2)
    command = [arguments.seawall, "guard", "-o", f"jsonl={folder}/alerts.jsonl", "--metrics", soak.METRICS, "--fold", "2"]
    guard = subprocess.Popen(pinned(arguments.guard_cpu, command), stderr=subprocess.DEVNULL)
    arguments.guard = guard.pid
    try:
        ready()
        print("asked\tmade/s\tevents\tjudged\tlost\tseconds\tguard µs\tmaker µs\tmaker without", flush=True)
        for rate in arguments.rate:
            for _ in range(arguments.times):
                r = flood(arguments, folder, group, rate)
                print(f"{rate}\t{r['a_second']:.0f}\t{r['events']}\t{r['judged']:.0f}\t{r['lost']:.0f}\t{r['seconds']:.2f}\t"
                      f"{r['guard_us']:.2f}\t{r['maker_us']:.2f}\t{plain[rate]:.2f}", flush=True)
        for name, seconds in sorted(cpu_of(guard.pid)[1].items(), key=lambda item: -item[1])[:4]:
            print(f"{name}: {seconds:.2f} s")
        lines = (folder / "alerts.jsonl").read_text().splitlines()
        print(f"{len(lines)} alerts")
        print(f"load {' '.join(f'{load:.1f}' for load in os.getloadavg())}")
    finally:
        soak.end(guard, [sleeping], [group])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seawall", required=True)
    parser.add_argument("--rate", type=int, nargs="+", default=[100_000])
    parser.add_argument("--seconds", type=int, default=12)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--loop-cpu", type=int, default=0)
    parser.add_argument("--guard-cpu", type=int, default=1)
    arguments = parser.parse_args()
    soak.in_own_mounts()
    measured(arguments)


main()
