#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""before_yes.py HELPER SYSTEMD refused|agreed: reads what strace saw of the helper and of PID 1 during one call of
Apply, and says what was opened or executed too early. Up to polkit's answer the helper may talk on the connections
it has, and tell systemd that it is alive; nothing else."""
import re
import sys

helper, systemd, outcome = sys.argv[1:]
LINE = re.compile(r"^(?:\d+ +)?(\d+\.\d+) (?:<\.\.\. )?([a-z_0-9]+)(.*)", re.S)
# What needs no name and makes nothing: waiting, talking on open descriptors, memory, time.
HARMLESS = {
    "brk", "clock_gettime", "close", "epoll_ctl", "epoll_pwait", "epoll_wait", "fcntl", "futex", "getpid", "getrandom", "gettid",
    "madvise", "mmap", "mprotect", "mremap", "munmap", "read", "recvfrom", "recvmsg", "restart_syscall", "sched_yield",
    "sendmsg", "timerfd_settime", "write", "writev",
}  # fmt: skip


def calls(path):
    with open(path, errors="replace") as trace:
        for line in trace:
            match = LINE.match(line)
            if match:
                yield float(match[1]), match[2], match[3]


seen = list(calls(helper))
asked = [n for n, (_, name, rest) in enumerate(seen) if name == "recvmsg" and "Apply" in rest]
if not asked:
    sys.exit("the call is not in the trace")
start = asked[0]
questions = [n for n, (_, name, rest) in enumerate(seen) if name == "sendmsg" and "CheckAuthorization" in rest]
if not questions:
    sys.exit("polkit was not asked")
# After the last question comes its answer: the decision.
answers = [n for n, (_, name, rest) in enumerate(seen) if n > questions[-1] and name == "recvmsg" and "msg_iov" in rest]
end = answers[0]
bad = 0
for _, name, rest in seen[start:end]:
    alive = name == "socket" and "SOCK_DGRAM" in rest or name == "sendto" and "/run/systemd/notify" in rest
    if name not in HARMLESS and not alive:
        print("before the answer:", name, rest.strip()[:160])
        bad += 1
later = [name for _, name, _ in seen[end:]]
executed = [(at, rest) for at, name, rest in calls(systemd) if name.startswith("execve") and "bkt-executor" in rest]
if any(at < seen[end][0] for at, _ in executed):
    print("the executor was started before the answer")
    bad += 1
if outcome == "agreed":
    # Otherwise the trace would prove nothing.
    if not executed or not any(name.startswith(("open", "mkdir")) for name in later):
        sys.exit("after the yes neither a file nor the executor is in the trace")
else:
    early = [name for name in later if name.startswith(("open", "mkdir", "unlink", "rename", "exec"))]
    if executed or early:
        sys.exit(f"refused, and yet: {early} {executed}")
print(f"{end - start} system calls from the call to the answer, {len(questions)} questions")
sys.exit(bad != 0)
