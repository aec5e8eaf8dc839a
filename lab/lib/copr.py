#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""copr.py DIR CERTIFICATE COMMAND…: runs COMMAND where https://copr.fedorainfracloud.org has the projects lab/tools and
lab/needs, of which the second needs a repository that is not its own.

What it answers is what `copr` of dnf4 (the file of a project's repository) and of dnf5 (a description of it, api_3) ask
for, and the packages in DIR, which both projects have. Everything else is not found, as a project that is not there.
CERTIFICATE has the key, too. The network is one of its own, so that nothing else can be reached.
"""
import fcntl
import functools
import json
import re
import socket
import ssl
import struct
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

HOST = "copr.fedorainfracloud.org"
ARCH = "x86_64"
PROJECTS = {"tools": [], "needs": ["https://needs.lab.invalid/repo/"]}
NEEDED = "coprdep:needs_lab_invalid_repo"


def file(project):
    """What dnf4 asks for."""
    results = f"https://{HOST}/results/lab/{project}"
    parts = [f"""[copr:{HOST}:lab:{project}]
name=Copr repo for {project} owned by lab
baseurl={results}/fedora-$releasever-$basearch/
type=rpm-md
skip_if_unavailable=True
gpgcheck=1
gpgkey={results}/pubkey.gpg
repo_gpgcheck=0
enabled=1
enabled_metadata=1
"""]
    for url in PROJECTS[project]:
        parts.append(f"""[{NEEDED}]
name=Copr lab/{project} external runtime dependency #1 - needs_lab_invalid_repo
baseurl={url}
type=rpm-md
skip_if_unavailable=True
gpgcheck=0
repo_gpgcheck=0
enabled=1
enabled_metadata=1
""")
    return "\n".join(parts)


def description(project):
    """What dnf5 asks for."""
    needed = [
        {"type": "external_baseurl", "data": {"pattern": url}, "opts": {"id": NEEDED, "name": "needed"}}
        for url in PROJECTS[project]
    ]
    return json.dumps({
        "results_url": f"https://{HOST}/results",
        "directories": {project: {}},
        "repos": {"fedora-44": {"arch": {ARCH: {"opts": {}}}}},
        "dependencies": needed,
    })


KNOWN = {}
for name in PROJECTS:
    KNOWN[f"/coprs/lab/{name}/repo/fedora-44/dnf.repo"] = file(name).encode()
    KNOWN[f"/api_3/rpmrepo/lab/{name}/fedora-44/"] = description(name).encode()
RESULT = re.compile(rf"/results/lab/(\w+)/(?:fedora-44-{ARCH}/)?(.*)")


class Copr(SimpleHTTPRequestHandler):
    """What a project has to say, and its packages."""

    def do_GET(self):
        path = self.path.partition("?")[0]
        body = KNOWN.get(path)
        if body is not None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        elif (result := RESULT.fullmatch(path)) and result[1] in PROJECTS:
            self.path = "/" + result[2]
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
