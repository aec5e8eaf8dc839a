#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""window.py RUNS NAME=COMMAND...: how long each program takes to its first frame, and its memory then.

Listens to the X server: a frame is the first damage of the program's mapped window. The programs take turns, so
that all see the same machine. Memory is the proportional set size once the window has been still for a second.
Prints the median of each, the least time, which other work on the machine disturbs the least, and the ratios
to the first program named.
"""
import os, select, shlex, signal, statistics, subprocess, sys, time
from Xlib import X, display
from Xlib.ext import damage


def measure(command):
    screen = display.Display()
    root = screen.screen().root
    screen.damage_query_version()
    root.change_attributes(event_mask=X.SubstructureNotifyMask)
    screen.flush()
    start = time.monotonic()
    child = subprocess.Popen(shlex.split(command), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    first, watched = None, {}
    while True:
        # Still for one second after the first frame: it is settled. Nothing in 30 s: it failed.
        if not screen.pending_events() and not select.select([screen], [], [], 1 if first else 30)[0]:
            break
        event = screen.next_event()
        if event.type == X.MapNotify and event.window.id not in watched and event.window.get_geometry().width > 100:
            watched[event.window.id] = event.window.damage_create(damage.DamageReportNonEmpty)
            screen.flush()
        elif event.type == screen.extension_event.DamageNotify:
            first = first or time.monotonic() - start
            screen.damage_subtract(event.damage, 0, 0)
            screen.flush()
        if time.monotonic() - start > 60:
            break
    if first is None:
        child.kill()
        sys.exit(f"{command}: no frame")
    with open(f"/proc/{child.pid}/smaps_rollup") as rollup:
        memory = next(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
    child.send_signal(signal.SIGTERM)
    child.wait()
    screen.close()
    return first * 1000, memory / 1024


def main():
    runs = int(sys.argv[1])
    programs = [word.split("=", 1) for word in sys.argv[2:]]
    results = {name: [] for name, _ in programs}
    for turn in range(runs + 1):
        for name, command in programs:
            result = measure(command)
            if turn:  # the first turn warms the page cache
                results[name].append(result)
    medians = {name: [statistics.median(column) for column in zip(*values)] for name, values in results.items()}
    least = {name: min(frame for frame, _ in values) for name, values in results.items()}
    base = programs[0][0]
    print(f"{'window':32}{'first frame ms':>15}{'ratio':>7}{'least':>8}{'ratio':>7}{'MB':>8}{'ratio':>7}   ({runs} runs)")
    for name, (frame, memory) in medians.items():
        print(f"{name:32}{frame:15.0f}{frame / medians[base][0]:7.2f}{least[name]:8.0f}{least[name] / least[base]:7.2f}"
              f"{memory:8.1f}{memory / medians[base][1]:7.2f}")


if __name__ == "__main__":
    os.environ.setdefault("GSK_RENDERER", "cairo")
    main()
