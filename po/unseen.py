#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""unseen.py POT FILE…: names each sentence given to gettext that the template lacks; fails if there is one.

It reads Rust far more simply than xgettext does, and so sees what xgettext may step over."""
import re
import sys

CALL = re.compile(r'\bn?p?gettext\(\s*"((?:[^"\\]|\\.)*)"\s*,?')
ENTRY = re.compile(r'^(?:msgid|msgid_plural|msgctxt) ((?:".*"\n)+)', re.M)


def plain(text):
    """The words alone: how a sentence is wrapped or escaped differs between Rust and POT."""
    return re.sub(r'\\\n\s*|\\.|\s+', "", text)


with open(sys.argv[1], encoding="utf-8") as template:
    known = {plain("".join(re.findall(r'"(.*)"', entry))) for entry in ENTRY.findall(template.read())}
unseen = 0
for path in sys.argv[2:]:
    with open(path, encoding="utf-8") as source:
        for sentence in CALL.findall(source.read()):
            if plain(sentence) not in known:
                print(f"{path}: {sentence}")
                unseen += 1
sys.exit(unseen > 0)
