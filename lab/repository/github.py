#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""github.py DIR COMMAND…: runs COMMAND where http://github.localhost is GitHub, as far as git and gh ask.

Repositories are the bare ones below DIR, OWNER/NAME.git, served by git's own http-backend; one with a file `parent`
is a fork of the one that names. Pull requests are kept in DIR/pulls, and DIR/requests says what was asked of the API.
gh speaks plain HTTP to github.localhost and to api.github.localhost, on port 80, which is why this has a network of its
own. DIR/answer, where it is there, is an HTTP status that the API answers everything with.
"""
import fcntl
import json
import os
import re
import socket
import struct
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DIR = sys.argv[1]


class Refused(Exception):
    """What GitHub says no to."""


def requests():
    """The pull requests there are."""
    try:
        with open(os.path.join(DIR, "pulls"), encoding="utf-8") as pulls:
            return json.load(pulls)
    except FileNotFoundError:
        return []


def loopback_up():
    """A new network has its loopback down; SIOCSIFFLAGS, netdevice(7)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        fcntl.ioctl(udp, 0x8914, struct.pack("16sh", b"lo", 0x1 | 0x40))


def parent(path):
    """What a repository, OWNER/NAME, is a fork of."""
    try:
        with open(os.path.join(DIR, path + ".git", "parent"), encoding="utf-8") as name:
            return name.read().strip()
    except FileNotFoundError:
        return None


def has_branch(path, branch):
    reference = ["git", "-C", os.path.join(DIR, path + ".git"), "rev-parse", "-q", "--verify", "refs/heads/" + branch]
    return subprocess.run(reference, capture_output=True, check=False).returncode == 0


def repository(path):
    if not os.path.isdir(os.path.join(DIR, path + ".git")):
        raise Refused(f"Could not resolve to a Repository with the name '{path}'.")
    owner, name = path.split("/")
    above = parent(path)
    return {
        "id": "R_" + path,
        "name": name,
        "owner": {"login": owner, "id": "U_" + owner},
        "hasIssuesEnabled": True,
        "description": "",
        "hasWikiEnabled": False,
        "viewerPermission": "ADMIN" if owner == "sam" else "READ",
        "defaultBranchRef": {"name": "main"},
        "isPrivate": False,
        "parent": above and repository(above),
        "mergeCommitAllowed": True,
        "rebaseMergeAllowed": True,
        "squashMergeAllowed": True,
    }


def create(wanted):
    """A pull request, from a branch of the repository itself or from one of a fork of it."""
    base, known = wanted["repositoryId"].removeprefix("R_"), requests()
    owner, _, branch = wanted["headRefName"].rpartition(":")
    head = base
    if owner and owner != base.split("/")[0]:
        forks = [f"{owner}/{name.removesuffix('.git')}" for name in os.listdir(os.path.join(DIR, owner))]
        head = next((fork for fork in forks if parent(fork) == base), None)
    if head is None or not has_branch(head, branch):
        raise Refused("Head ref must be a branch")
    if not has_branch(base, wanted["baseRefName"]):
        raise Refused("Base ref must be a branch")
    number = len(known) + 1
    request = {
        "number": number,
        "title": wanted["title"],
        "body": wanted["body"],
        "isDraft": wanted.get("draft", False),
        "headRefName": branch,
        "headRepositoryOwner": {"login": head.split("/")[0]},
        "isCrossRepository": head != base,
        "baseRefName": wanted["baseRefName"],
        "url": f"http://github.localhost/{base}/pull/{number}",
        "id": f"PR_{number}",
        "repository": base,
    }
    with open(os.path.join(DIR, "pulls"), "w", encoding="utf-8") as pulls:
        json.dump([*known, request], pulls)
    return {"createPullRequest": {"pullRequest": request}}


def graphql(query, variables):
    """The answer to one query of gh, known by what it asks for."""
    if "createPullRequest" in query:
        return create(variables["input"])
    if "viewer" in query and "search" not in query and "repository" not in query:
        return {"viewer": {"login": "sam", "id": "U_sam"}}
    checks = {"nodes": [{"commit": {"statusCheckRollup": {"contexts": {
        "nodes": [{"__typename": "CheckRun", "name": "build", "status": "COMPLETED", "conclusion": "SUCCESS"}],
        "pageInfo": {"hasNextPage": False, "endCursor": ""},
    }}}}]}
    branch = variables.get("headRefName")
    # gh asks for several repositories at once as repo_000 and so on, and searches in one by a word.
    each = r'(repo_\d+): repository\(owner: "([^"]*)", name: "([^"]*)"\)'
    several = {alias: f"{owner}/{name}" for alias, owner, name in re.findall(each, query)}
    searched = re.search(r"repo:(\S+)", " ".join(str(value) for value in variables.values()))
    if searched:
        path = searched[1]
    else:
        path = f'{variables.get("owner")}/{variables.get("name") or variables.get("repo")}'
    nodes = [{**request, "commits": checks, "statusCheckRollup": checks, "state": "OPEN"} for request in requests()
             if branch in (None, request["headRefName"]) and request["repository"] == path]
    page = {"hasNextPage": False, "endCursor": ""}
    if "search(" in query:
        return {"search": {"issueCount": len(nodes), "nodes": nodes, "pageInfo": page}}
    if several:
        return {**{alias: repository(path) for alias, path in several.items()}, "viewer": {"login": "sam"}}
    found = repository(path)
    found["pullRequests"] = {"totalCount": len(nodes), "nodes": nodes, "pageInfo": page}
    return {"repository": found, "viewer": {"login": "sam"}}


class Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def answer(self, data, status=200):
        text = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def serve(self):
        if not self.headers.get("Host", "").startswith("api."):
            return self.git()
        body = self.body()
        asked = json.loads(body) if body else {}
        with open(os.path.join(DIR, "requests"), "a", encoding="utf-8") as log:
            log.write(json.dumps({"path": self.path, **asked}) + "\n")
        try:
            with open(os.path.join(DIR, "answer"), encoding="utf-8") as status:
                return self.answer({"message": "Not today"}, int(status.read()))
        except FileNotFoundError:
            pass
        if self.path == "/graphql":
            try:
                return self.answer({"data": graphql(asked["query"], asked.get("variables") or {})})
            except Refused as refused:
                return self.answer({"data": None, "errors": [{"type": "UNPROCESSABLE", "message": str(refused)}]})
        asked_for = re.match(r"/repos/([^/]+/[^/]+)/actions/(runs|workflows)", self.path)
        path, what = asked_for.groups() if asked_for else (None, None)
        if what == "runs":
            run = {
                "id": 1, "name": "Build", "workflow_id": 1, "head_branch": "main", "head_sha": "6be5bbf0000",
                "status": "completed", "conclusion": "success", "event": "push",
                "html_url": f"http://github.localhost/{path}/actions/runs/1",
                "created_at": "2026-11-24T08:00:00Z", "updated_at": "2026-11-24T08:09:00Z",
                "run_started_at": "2026-11-24T08:00:00Z", "display_title": "Build", "run_number": 1, "run_attempt": 1,
            }
            return self.answer({"total_count": 1, "workflow_runs": [run]})
        if what == "workflows":
            return self.answer({"total_count": 1, "workflows": [{"id": 1, "name": "Build", "state": "active",
                                                                 "path": ".github/workflows/build.yml"}]})
        return self.answer({"message": "Not Found"}, 404)

    def git(self):
        path, _, query = self.path.partition("?")
        environment = {
            **os.environ,
            "GIT_PROJECT_ROOT": DIR,
            "GIT_HTTP_EXPORT_ALL": "1",
            "REMOTE_USER": "sam",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        said = subprocess.run(["git", "http-backend"], input=self.body(), env=environment, capture_output=True)
        head, _, content = said.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines() if ": " in line)
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = serve


loopback_up()
server = ThreadingHTTPServer(("127.0.0.1", 80), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.exit(subprocess.run(sys.argv[2:], check=False).returncode)
