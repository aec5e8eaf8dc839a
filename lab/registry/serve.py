#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""serve.py DIR COMMAND…: runs COMMAND where 127.0.0.1:5000 is Debian's docker-registry, without TLS, and so is
127.0.0.1:5001, which asks everyone for a password. Both keep their images in DIR/registry. The network is one of its
own, so that nothing else can be reached.
"""
import fcntl
import pathlib
import socket
import struct
import subprocess
import sys
import time

OPEN = """version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {0}/registry}}}}
http: {{addr: "127.0.0.1:{1}"}}
"""
ASKS = "auth: {{htpasswd: {{realm: lab, path: {0}/nobody}}}}\n"


def loopback_up():
    """A new network has its loopback down; SIOCSIFFLAGS, netdevice(7)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        fcntl.ioctl(udp, 0x8914, struct.pack("16sh", b"lo", 0x1 | 0x40))


def registry(folder, port, config):
    """A registry that answers."""
    file = folder / f"registry-{port}.yml"
    file.write_text(config.format(folder, port))
    with open(folder / f"registry-{port}.log", "ab") as log:
        running = subprocess.Popen(["docker-registry", "serve", file], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    for _ in range(200):
        with socket.socket() as tcp:
            if tcp.connect_ex(("127.0.0.1", port)) == 0:
                return running
        if running.poll() is not None:
            break
        time.sleep(0.05)
    sys.exit(f"docker-registry does not serve; see {log.name}")


loopback_up()
place = pathlib.Path(sys.argv[1])
(place / "nobody").touch()
registries = [registry(place, 5000, OPEN), registry(place, 5001, OPEN + ASKS)]
code = subprocess.run(sys.argv[2:], check=False).returncode
for process in registries:
    process.terminate()
    process.wait()
sys.exit(code)
