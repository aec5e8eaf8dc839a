# SPDX-License-Identifier: GPL-3.0-or-later
# terminal.py COMMAND…: runs a command on a terminal of 24 lines and 100 columns, presses Ctrl-C once it said "ready",
# and prints what it said else, and its exit code.
import fcntl, os, pty, struct, sys, termios

pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    os.execvp(sys.argv[1], sys.argv[1:])
said = b""
pressed = False
while True:
    try:
        more = os.read(terminal, 4096)
    except OSError:  # the other end is closed
        more = b""
    if not more:
        break
    said += more
    if b"ready" in said and not pressed:
        os.write(terminal, b"\x03")
        pressed = True
for line in said.decode().replace("^C", "").splitlines():
    if line and line != "ready":
        print(line)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
