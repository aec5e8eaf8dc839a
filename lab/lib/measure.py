#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""measure.py RUNS LABEL COMMAND…: one line of figures of a command: first run, median, p95, peak memory."""
import os
import statistics
import sys
import time

runs, label, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
times, peak = [], 0
for _ in range(runs + 1):
    start = time.perf_counter()
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=[
        (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    times.append((time.perf_counter() - start) * 1000)
    peak = max(peak, usage.ru_maxrss)
    if os.waitstatus_to_exitcode(status) not in (0, 3):
        sys.exit(f"measure: {' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
warm = sorted(times[1:])
p95 = warm[min(len(warm) - 1, int(len(warm) * 0.95))]
print(f"{label:<28} {times[0]:>10.1f} {statistics.median(warm):>10.1f} {p95:>10.1f} {peak / 1024:>10.1f}")
