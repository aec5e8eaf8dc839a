#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""copr.py DIR CERTIFICATE COMMAND…: runs COMMAND where https://copr.fedorainfracloud.org has the one project lab/tools.

What it answers is what dnf's own `copr` asks for: the file of a project's repository, by which dnf then reads
the packages in DIR. Everything else is not found, as a project that is not there. CERTIFICATE has the key, too. The
network is one of its own, so that nothing else can be reached.
"""
import fcntl
import functools
import socket
import ssl
import struct
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

HOST = "copr.fedorainfracloud.org"
RESULTS = "/results/lab/tools/fedora-44-x86_64/"
REPOSITORY = f"""[copr:{HOST}:lab:tools]
name=Copr repo for tools owned by lab
baseurl=https://{HOST}{RESULTS}
type=rpm-md
skip_if_unavailable=True
gpgcheck=1
gpgkey=https://{HOST}{RESULTS}pubkey.gpg
repo_gpgcheck=0
enabled=1
enabled_metadata=1
"""


class Copr(SimpleHTTPRequestHandler):
    """The project's repository."""

    def do_GET(self):
        # dnf4 asks for the first, dnf5 for the second
        known = ("/coprs/lab/tools/repo/fedora-44/dnf.repo", "/coprs/lab/tools/repo/fedora-44/")
        if self.path.partition("?")[0] in known:
            body = REPOSITORY.encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        elif self.path.startswith(RESULTS):
            self.path = "/" + self.path.removeprefix(RESULTS)
            super().do_GET()
        else:
            self.send_error(404)

    def log_message(self, *_):
        pass


def loopback_up():
    """A new network has its loopback down; SIOCSIFFLAGS, netdevice(7)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        fcntl.ioctl(udp, 0x8914, struct.pack("16sh", b"lo", 0x1 | 0x40))


loopback_up()
server = ThreadingHTTPServer(("127.0.0.1", 443), functools.partial(Copr, directory=sys.argv[1]))
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(sys.argv[2])
server.socket = tls.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.exit(subprocess.run(sys.argv[3:], check=False).returncode)
