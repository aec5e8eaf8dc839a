#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""press.py APP [--within NAME] ROLE NAME…: uses a window as a person with a screen reader does.

Waits up to a minute until the application shows something of that role whose accessible name begins with NAME, then
presses it; several NAMEs are pressed one after the other. `press.py APP --see TEXT` only waits until the
text is somewhere in the window; `press.py APP --tree` prints what there is.
"""
import sys
import time
import warnings

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib

LIMIT = 60
warnings.simplefilter("ignore")


def children(node):
    try:
        return [child for child in (node.get_child_at_index(i) for i in range(node.get_child_count())) if child]
    except GLib.Error:
        return []  # it went away while we looked


def walk(node, depth=0):
    yield node, depth
    for child in children(node):
        yield from walk(child, depth + 1)


def application(name):
    for app in children(Atspi.get_desktop(0)):
        if name in (app.get_name() or ""):
            return app
    return None


def text_of(node):
    try:
        return node.get_name() or ""
    except GLib.Error:
        return ""


def role_of(node):
    try:
        return node.get_role_name()
    except GLib.Error:
        return ""


def showing(node):
    try:
        return node.get_state_set().contains(Atspi.StateType.SHOWING)
    except GLib.Error:
        return False


def find(app, matches, within=None):
    scopes = [app]
    if within:
        scopes = [node for node, _ in walk(app) if text_of(node).startswith(within) and showing(node)]
    return next((node for scope in scopes for node, _ in walk(scope) if matches(node) and showing(node)), None)


def wait_for(name, matches, within=None, then=lambda node: True):
    """Whether the first match, and `then` with it, came about. Looks four times a second: looking itself makes GTK
    announce parts it had not named yet, so looking again at each announcement would never end. What goes away
    while we look or press is looked for again."""
    end = time.monotonic() + LIMIT
    while True:
        app = application(name)
        node = app and find(app, matches, within)
        try:
            if node and then(node):
                return True
        except GLib.Error:
            pass
        if time.monotonic() > end:
            return False
        time.sleep(0.25)


def press(node):
    names = [node.get_action_name(i) for i in range(node.get_n_actions())]
    known = [i for i, name in enumerate(names) if name in ("click", "activate", "toggle", "press", "default", "menu.popup")]
    return bool(names) and node.do_action((known or [0])[0])


def main():
    app, args = sys.argv[1], sys.argv[2:]
    if args[0] == "--tree":
        for node, depth in walk(application(app)):
            print("  " * depth + f"{role_of(node)} “{text_of(node)}”" + ("" if showing(node) else " (hidden)"))
        return
    if args[0] == "--see":
        if not wait_for(app, lambda node: args[1] in text_of(node)):
            sys.exit(f"{app} does not show “{args[1]}”")
        return
    within = None
    if args[0] == "--within":
        within, args = args[1], args[2:]
    role = args[0]
    for name in args[1:]:
        matches = lambda node: role_of(node) == role and text_of(node).startswith(name)  # noqa: E731
        if not wait_for(app, matches, within, press):
            sys.exit(f"{app} shows no {role} “{name}” that can be pressed")


main()
