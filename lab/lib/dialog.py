#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""dialog.py USER PASSWORD PLAN [COMMAND]: submits a plan as USER on a terminal where polkit's text agent asks, and
answers with PASSWORD. COMMAND is run by root's shell while it asks, before the answer; $SUBMIT is the process that
submits. Prints all that was said, of the command, too. The agent speaks only for the process that submits."""
import os
import pty
import select
import subprocess
import sys
import termios

user, password, plan, *meanwhile = sys.argv[1:]
# The agent closes its notification descriptor once it is registered.
script = f"""
ready=$(mktemp -u) && mkfifo "$ready"
pkttyagent --process $$ --notify-fd 4 4>"$ready" &
cat "$ready"
exec submit apply <{plan}
"""
fork, terminal = pty.fork()
if fork == 0:
    os.execvp("runuser", ["runuser", "-u", user, "--", "bash", "-c", script])
said = b""
answered = 0
ended = os.pidfd_open(fork)
while True:
    # The agent forgets what was typed before it turned the echo off, so that is what is waited for.
    asks = said.count(b"Password:") > answered
    if asks and not termios.tcgetattr(terminal)[3] & termios.ECHO:
        answered += 1
        if meanwhile and answered == 1:
            # The agent makes a session of its own, so the process that submits is runuser's other child.
            submit = subprocess.run(["pgrep", "-x", "submit"], capture_output=True, text=True).stdout.split()
            ran = subprocess.run(
                ["/bin/sh", "-c", meanwhile[0]], env={**os.environ, "SUBMIT": submit[-1]}, capture_output=True
            )
            said += b"meanwhile: " + ran.stdout + ran.stderr
        try:
            os.write(terminal, password.encode() + b"\n")
        except OSError:
            break
        asks = False
    ready = select.select([terminal, ended], [], [], 0.02 if asks else None)[0]
    if not ready:
        continue
    # An agent that outlives what it spoke for keeps the terminal open: nobody says anything more there.
    if terminal not in ready:
        break
    try:
        chunk = os.read(terminal, 4096)
    except OSError:
        break
    if not chunk:
        break
    said += chunk
sys.stdout.write(said.decode(errors="replace"))
os.waitpid(fork, 0)
