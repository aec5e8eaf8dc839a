#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""growth.py RUNS DIR COMMAND…: what one kind of item costs alone, and how that grows with the setup.

For each kind a setup that declares 100, 1,000 and 10,000 items the computer does not have, compared by
`COMMAND -C SETUP drift --only KIND --json`. The least of RUNS is shown, which other work on the machine disturbs
the least; the commands take turns. "cold" (the page cache dropped, where that is allowed) and "first" have 1,000 items
and nothing remembered; "each" is what one more item costs; memory is that of the command itself, for 10,000.
Beside it the tool whose answer Bucket needs, in the same run, and how a first and a later look compare with it.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "lib"))
from measure import drop_caches, own_memory, timed
from setups import KINDS, grow

SIZES = [100, 1000, 10000]
FIRST = 1000


def peers(root):
    """What tells as much about the computer, by kind."""
    flatpak = ["env", f"FLATPAK_SYSTEM_DIR={root}/var/lib/flatpak", "flatpak"]
    return {
        "pkg": ["rpm", "-qa", "--root", root],
        "flatpak": [*flatpak, "list", "--app"],
        "remote": [*flatpak, "remotes"],
        "unit": ["systemctl", "list-unit-files", "--no-pager", f"--root={root}"],
        "gsetting": ["gsettings", "list-recursively"],
    }


def compared(command, count):
    """Why the items were not all compared, if so."""
    said = json.loads(subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout)
    if len(said["items"]) >= count:
        return None
    unknown = said.get("unknown") or [{}]
    return unknown[0].get("problem", unknown[0]).get("message", f"only {len(said['items'])} of {count} differ")


def main():
    runs, directory, bkt = int(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:]
    root = bkt[bkt.index("--root") + 1]
    fresh = directory / "fresh"
    shutil.rmtree(directory, ignore_errors=True)
    kinds, commands, firsts, notes = ["skel", *KINDS], {}, {}, []
    for kind in kinds:
        for count in SIZES:
            setup = directory / f"{kind}-{count}"
            (setup / "manifests").mkdir(parents=True)
            grow(setup, kind, count)
            commands[kind, count] = [*bkt, "-C", str(setup), "drift", "--only", kind, "--json"]
        firsts[kind] = ["env", f"XDG_STATE_HOME={fresh}", *commands[kind, FIRST]]
        why = compared(commands[kind, FIRST], FIRST)
        if why:
            notes.append(f"{kind}: {why}")
    beside = peers(root)
    best = {}

    def least(name, command):
        best[name] = min(best.get(name, 1e9), timed(command)[0])

    dropped = True
    for kind in kinds:
        shutil.rmtree(fresh, ignore_errors=True)
        dropped = drop_caches() and dropped
        least(("cold", kind), firsts[kind])
    for turn in range(runs + 1):
        for kind in kinds:
            if turn % 4 == 1:
                shutil.rmtree(fresh, ignore_errors=True)
                least(("first", kind), firsts[kind])
            if kind in beside and turn:
                least(("peer", kind), beside[kind])
            for count in SIZES:
                if turn:
                    least((kind, count), commands[kind, count])
                else:
                    timed(commands[kind, count])
    cold = "cold" if dropped else "unwarmed"
    print(f"{'one kind, ms':10}{cold:>10}{'first':>8}" + "".join(f"{size:>8,}" for size in SIZES)
          + f"{'each µs':>9}{'MB':>6}   {'beside':27}{'ms':>6}{'× first':>9}{'× later':>9}   (least of {runs})")
    for kind in kinds:
        few, _, many = (best[kind, size] for size in SIZES)
        line = f"{kind:10}{best['cold', kind]:12.0f}{best['first', kind]:8.1f}"
        line += "".join(f"{best[kind, size]:8.1f}" for size in SIZES)
        line += f"{(many - few) * 1000 / (SIZES[-1] - SIZES[0]):9.1f}{own_memory(commands[kind, SIZES[-1]]):6.0f}"
        if kind in beside:
            peer, words = best["peer", kind], [word for word in beside[kind] if word != "env" and "/" not in word]
            line += f"   {' '.join(word for word in words if not word.startswith('--')):27}{peer:6.1f}"
            line += f"{best['first', kind] / peer:9.2f}{best[kind, FIRST] / peer:9.2f}"
        print(line)
    for note in notes:
        print(f"  {note}")


main()
