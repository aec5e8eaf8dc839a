#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""ready.py SOCKET: prints the PID 1 of a booting container as nspawn names it, then ends when that
host says it is up. The one notification socket replaces every guess about how long a boot takes."""
import os
import socket
import sys

path = sys.argv[1]
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(path)
print("listening", flush=True)
while True:
    for line in listener.recv(4096).decode().splitlines():
        key, _, value = line.partition("=")
        if key == "X_NSPAWN_LEADER_PID":
            print(value, flush=True)
        elif key == "READY" and value == "1":
            os.unlink(path)
            sys.exit(0)
        elif key == "LAB_GONE":
            sys.exit(1)
