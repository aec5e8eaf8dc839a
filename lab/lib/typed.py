#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""typed.py [QUESTION=ANSWER]… -- COMMAND…: runs COMMAND on a terminal and types each ANSWER once its QUESTION is
there, in this order; a password only once the terminal no longer shows what is typed, because polkit's agent forgets
what was typed before. Prints all that was said and ends as COMMAND does; one that
is silent for three minutes waits for an answer it was not given, and is ended. To be run in a session of the person: polkit
asks an agent that stands back for others only there."""
import os
import pty
import select
import signal
import sys
import termios

SILENCE = 180  # seconds

words = sys.argv[1:]
answers = [word.split("=", 1) for word in words[: words.index("--")]]
command = words[words.index("--") + 1 :]
fork, terminal = pty.fork()
if fork == 0:
    os.execvp(command[0], command)
said, seen = b"", 0
ended = os.pidfd_open(fork)
while True:
    question, answer = answers[0] if answers else (None, None)
    at = said.find(question.encode(), seen) if question else -1
    if at >= 0 and not (question == "Password:" and termios.tcgetattr(terminal)[3] & termios.ECHO):
        os.write(terminal, answer.encode() + b"\n")
        seen = at + len(question)
        answers.pop(0)
        at = -1
    ready = select.select([terminal, ended], [], [], 0.02 if at >= 0 else SILENCE)[0]
    if not ready:
        if at < 0:
            os.kill(fork, signal.SIGKILL)
        continue
    # An agent that outlives the command keeps the terminal open: nobody says anything more there.
    if terminal not in ready:
        break
    try:
        chunk = os.read(terminal, 4096)
    except OSError:
        break
    if not chunk:
        break
    said += chunk
sys.stdout.write(said.decode(errors="replace").replace("\r", ""))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(fork, 0)[1]))
