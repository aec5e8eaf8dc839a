#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""fuzz_bus.py SEED CALLS|SECONDSs PLAN JOB…: calls the helper as the user that runs this: every member that its
objects say they have, with random values of its types, of other types, and with a damaged PLAN; members they do not
have, properties, writing. Any answer is fine but none at all. A damaged plan comes with its own hash only where
polkit refuses it anyway; as root with that of the whole one. Prints how the calls came out."""
import collections
import hashlib
import json
import os
import random
import string
import sys
import time
import xml.etree.ElementTree as xml

from gi.repository import Gio, GLib

NAME, OBJECT = "org.bkt.Helper1", "/org/bkt/Helper1"
seed, amount, plan_file, *jobs = sys.argv[1:]
choose = random.Random(int(seed))
with open(plan_file, "rb") as file:
    PLAN = file.read()
bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
outcomes = collections.Counter()
ANSWERED_BY_NOBODY = ("NoReply", "ServiceUnknown", "Disconnected", "Timeout", "TimedOut", "NameHasNoOwner")


def call(path, interface, member, body, dialog=False):
    flags = Gio.DBusCallFlags.ALLOW_INTERACTIVE_AUTHORIZATION if dialog else Gio.DBusCallFlags.NONE
    try:
        reply = bus.call_sync(NAME, path, interface, member, body, None, flags, 40_000, None)
        outcomes["answered"] += 1
        return reply
    except GLib.Error as error:
        name = (Gio.DBusError.get_remote_error(error) or str(error)).rsplit(".", 1)[-1]
        outcomes[name] += 1
        if name in ANSWERED_BY_NOBODY or bus.is_closed():
            sys.exit(f"FAIL {path} {interface}.{member} {str(body)[:2000]}: {error.message}")


TEXTS = ["", "org.bkt.Helper1", "org.bkt.Helper1.Job", "State", "../../etc/shadow", "-y", "a;b", "%s%n", "\u202e", "x" * 5000]
BASIC = "ybnqiuxtdsog"


def text():
    if choose.random() < 0.4:
        return choose.choice(TEXTS + [hashlib.sha256(PLAN).hexdigest()])
    return "".join(choose.choices(string.printable + "äß→\U0001f600", k=choose.randrange(80)))


def damaged():
    plan = bytearray(PLAN)
    for _ in range(choose.randrange(1, 6)):
        at = choose.randrange(len(plan) + 1)
        match choose.randrange(6):
            case 0:
                plan[at:at] = choose.randbytes(choose.randrange(1, 9))
            case 1:
                del plan[at : at + choose.randrange(1, 9)]
            case 2:
                plan[at:at] = choose.choice([b"{", b"[" * 200, b'"', b"null", b",", b"-1e999", b"\\u0000", b'"run":"sh",'])
            case 3:
                plan[at : at + 1] = choose.randbytes(1)
            case 4:
                plan[at:at] = plan[choose.randrange(len(plan) + 1) :][:300]
            case 5:
                plan = plan[:at] or bytearray(b"x")
    return bytes(plan) if bytes(plan) != PLAN else PLAN + b" "


def signature(depth=0):
    kind = choose.random()
    if depth > 2 or kind < 0.6:
        return choose.choice(BASIC + "v")
    if kind < 0.75:
        return "a" + signature(depth + 1)
    if kind < 0.9:
        return "a{" + choose.choice(BASIC) + signature(depth + 1) + "}"
    return "(" + "".join(signature(depth + 1) for _ in range(choose.randrange(1, 4))) + ")"


def split(types):
    """The complete types of a signature."""
    parts, begun, depth = [], 0, 0
    for at, letter in enumerate(types):
        depth += letter in "({"
        depth -= letter in ")}"
        if depth == 0 and letter != "a":
            parts.append(types[begun : at + 1])
            begun = at + 1
    return parts


EDGES = {"b": 1, "y": 8, "n": -16, "q": 16, "i": -32, "u": 32, "x": -64, "t": 64}


def value(kind, depth=0):
    if kind in EDGES:
        bits = EDGES[kind]
        low, high = (-(1 << -bits - 1), (1 << -bits - 1) - 1) if bits < 0 else (0, (1 << bits) - 1)
        number = choose.choice([low, high, 0, 1, choose.randint(low, high)])
        return bool(number) if kind == "b" else number
    if kind == "d":
        return choose.choice([0.0, -1.0, float("inf"), float("nan"), 1e308, choose.random()])
    if kind == "s":
        return text().replace("\0", "")
    if kind == "o":
        return choose.choice(jobs + ["/", OBJECT, OBJECT + "/job/" + "0" * 32])
    if kind == "g":
        return signature()
    if kind == "v":
        inner = signature(2)
        return GLib.Variant(inner, value(inner, depth + 1))
    if kind == "ay":
        return choose.randbytes(choose.choice([0, 1, 7, 300, 50_000])) if choose.random() < 0.3 else damaged()
    few = range(choose.randrange(3 if depth else 5))
    if kind.startswith("a{"):
        key, inner = kind[2], kind[3:-1]
        return {value(key, depth + 1): value(inner, depth + 1) for _ in few}
    if kind.startswith("a"):
        return [value(kind[1:], depth + 1) for _ in few]
    return tuple(value(part, depth + 1) for part in split(kind[1:-1]))


def body(types):
    return GLib.Variant("(" + "".join(types) + ")", tuple(value(kind) for kind in types))


members = []
for path in [OBJECT, *jobs]:
    said = call(path, "org.freedesktop.DBus.Introspectable", "Introspect", None)
    for interface in xml.fromstring(said[0]).iter("interface"):
        for method in interface.iter("method"):
            types = [arg.get("type") for arg in method.iter("arg") if arg.get("direction") != "out"]
            members.append((path, interface.get("name"), method.get("name"), types))
own = {name for _, interface, name, _ in members if interface.startswith(NAME)}
if not {"Preview", "Apply", "Events", "Cancel"} <= own:
    sys.exit(f"FAIL the objects say they have only {own}")


def one():
    path, interface, member, types = choose.choice(members)
    kind = choose.random()
    if member == "Apply" and kind < 0.5:
        plan = damaged()
        sha256 = hashlib.sha256(PLAN if os.geteuid() == 0 else plan).hexdigest()
        call(path, interface, member, GLib.Variant("(aysa{sv})", (plan, sha256, {})), choose.random() < 0.5)
        return
    if kind > 0.85:
        types = [signature() for _ in range(choose.randrange(5))]
    if kind > 0.93:
        member = choose.choice([member.lower(), member + "2", "Set", "Execute", "GetManagedObjects", "X" * 200])
    if kind > 0.97:
        path = choose.choice(["/", OBJECT + "/job", OBJECT + "/job/" + "f" * 32, "/" + "/".join("x" * 100)])
    call(path, interface, member, body(types), choose.random() < 0.5)


owner = bus.call_sync(
    "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "GetNameOwner", GLib.Variant("(s)", (NAME,)), None, 0, -1, None
)[0]
begun = time.monotonic()
done = 0
while time.monotonic() - begun < float(amount[:-1]) if amount.endswith("s") else done < int(amount):
    one()
    done += 1
now = bus.call_sync(
    "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "GetNameOwner", GLib.Variant("(s)", (NAME,)), None, 0, -1, None
)[0]
if now != owner:
    sys.exit("FAIL the helper was started anew meanwhile")
print(json.dumps({"calls": done, "seconds": round(time.monotonic() - begun, 1), "outcomes": dict(outcomes.most_common())}))
