#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""setups.py SETUP N: adds entries to a setup until it has N. Also what growth.py makes setups of one kind with.

Every entry added differs from the computer: that is the most work there can be.
"""
import json
import pathlib
import sys

# Per kind of item: its manifest, the fields that lead to its entries, and the entry with a number.
KINDS = {
    "remote": ("flatpak-remotes", ["remotes"],
               lambda n: {"name": f"grown-{n}", "url": f"https://grown.invalid/{n}.flatpakrepo", "scope": "user"}),
    "flatpak": ("flatpak-apps", ["apps"],
                lambda n: {"id": f"org.example.Grown{n}", "remote": "real", "scope": "user"}),
    "appimage": ("appimage-apps", ["apps"],
                 lambda n: {"name": f"Grown{n}", "repo": f"grown/app-{n}", "asset": "*.AppImage"}),
    "ext": ("gnome-extensions", ["extensions"], lambda n: f"grown-{n}@bkt.invalid"),
    "gsetting": ("gsettings", ["settings"],
                 lambda n: {"schema": "org.bkt.real", "key": f"key-{n}", "value": "grown"}),
    "shim": ("host-shims", ["shims"], lambda n: {"name": f"grown-{n}"}),
    "brew": ("homebrew", ["formulae"], lambda n: f"grown-{n}"),
    "bin": ("host-binaries", ["binaries"],
            lambda n: {"name": f"grown-{n}", "source": {"type": "cargo", "crate_name": f"grown-{n}"}}),
    "box": ("distrobox", ["containers"], lambda n: (f"grown-{n}", {"image": "registry.invalid/grown:latest"})),
    "unit": ("systemd-services", ["services"], lambda n: (f"grown-{n}.service", "enabled")),
    "copr": ("system-packages", ["copr_repos"], lambda n: {"name": f"grown/project-{n}"}),
    "pkg": ("system-packages", ["packages"], lambda n: f"grown-{n}"),
    "karg": ("system-config", ["kargs", "append"], lambda n: f"grown.key{n}=1"),
}
# What a setup of all kinds grows by, in tenths.
SHARES = {"pkg": 7, "flatpak": 1, "unit": 1, "gsetting": 1}


def grow(setup, kind, count):
    """Adds `count` entries of a kind."""
    if kind == "skel":
        folder = setup / "skel/.config/grown"
        folder.mkdir(parents=True)
        for n in range(count):
            (folder / f"file-{n}").write_text(f"{n}\n")
        return
    name, path, entry = KINDS[kind]
    manifest = setup / "manifests" / f"{name}.json"
    text = json.loads(manifest.read_text()) if manifest.exists() else {}
    *outer, last = path
    place = text
    for field in outer:
        place = place.setdefault(field, {})
    entries = [entry(n) for n in range(count)]
    if isinstance(entries[0], tuple):
        place.setdefault(last, {}).update(entries)
    else:
        place.setdefault(last, []).extend(entries)
    manifest.parent.mkdir(parents=True, exist_ok=True)
    manifest.write_text(json.dumps(text, indent=2) + "\n")


def size(setup):
    """How many entries a setup of all kinds has."""
    count = 0
    for name, path, _ in KINDS.values():
        manifest = setup / "manifests" / f"{name}.json"
        place = json.loads(manifest.read_text()) if manifest.exists() else {}
        for field in path:
            place = place.get(field, {})
        count += len(place)
    return count


if __name__ == "__main__":
    directory, wanted = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    more = wanted - size(directory)
    rest = more - sum(more * share // 10 for share in SHARES.values())
    for kind, share in SHARES.items():
        grow(directory, kind, more * share // 10 + (rest if kind == "pkg" else 0))
