#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""measure.py RUNS BASES NAME=COMMAND…: a table of what each command costs, and its ratio to the first BASES.

The commands take turns, so that all see the same machine. The first turn is cold: the page cache is dropped
before each command, where that is allowed; it is not among the RUNS whose least, median and 95th percentile
are shown. The ratios are of the medians. "own" is the peak memory of the command itself, "largest" that of the largest process it ran.
"""
import os
import resource
import shlex
import statistics
import sys
import time

DROP = "/proc/sys/vm/drop_caches"


def drop_caches():
    try:
        os.sync()
        with open(DROP, "w") as file:
            file.write("3")
        return True
    except OSError:
        return False


def spawn(command):
    return os.posix_spawnp(command[0], command, os.environ, file_actions=[
        (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0), (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0)])


def timed(command):
    """Milliseconds, and the peak memory of the largest process in MB."""
    start = time.perf_counter()
    pid = spawn(command)
    _, status, usage = os.wait4(pid, 0)
    took = (time.perf_counter() - start) * 1000
    # 3 and 7: differences, and something that could not be checked.
    if os.waitstatus_to_exitcode(status) not in (0, 3, 7):
        sys.exit(f"measure: {shlex.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return took, usage.ru_maxrss / 1024


def own_memory(command):
    """The peak of the command without the programs it runs, in MB: read until it ends, which may be too soon."""
    return max(one_own_memory(command) for _ in range(5))


def one_own_memory(command):
    pid, peak = spawn(command), 0
    while os.waitpid(pid, os.WNOHANG)[0] == 0:
        with open(f"/proc/{pid}/status") as file:
            peak = next((int(line.split()[1]) for line in file if line.startswith("VmHWM:")), peak)
        time.sleep(0.0002)
    return peak / 1024


def main():
    runs, bases = int(sys.argv[1]), int(sys.argv[2])
    commands = {name: shlex.split(command) for name, command in (word.split("=", 1) for word in sys.argv[3:])}
    dropped, cold = True, {}
    for name, command in commands.items():
        dropped = drop_caches() and dropped
        cold[name] = timed(command)[0]
    times, largest = {name: [] for name in commands}, dict.fromkeys(commands, 0.0)
    for _ in range(runs):
        for name, command in commands.items():
            took, memory = timed(command)
            times[name].append(took)
            largest[name] = max(largest[name], memory)
    median = {name: statistics.median(values) for name, values in times.items()}
    base = list(commands)[:bases]
    # Until it executes its program, a process counts as large as this one.
    floor = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    first = "cold" if dropped else "first"
    print(f"{'milliseconds, MB':32}{first:>8}{'least':>8}{'median':>8}{'p95':>8}{'own':>7}{'largest':>9}"
          + "".join(f"{'× ' + name:>17}" for name in base) + f"   ({runs} runs)")
    for name, command in commands.items():
        values = sorted(times[name])
        p95 = values[min(len(values) - 1, int(len(values) * 0.95))]
        own = own_memory(command)
        most = largest[name] if largest[name] > floor + 0.5 else own
        print(f"{name:32}{cold[name]:8.0f}{values[0]:8.1f}{median[name]:8.1f}{p95:8.1f}{own:7.1f}{most:9.1f}"
              + "".join(f"{median[name] / median[other]:17.1f}" for other in base))


if __name__ == "__main__":
    main()
