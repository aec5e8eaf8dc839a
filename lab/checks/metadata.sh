#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The files other programs read about Bucket are well-formed and agree with each other.
cd "$(dirname "$(readlink -f "$0")")/../.." || exit
. lab/lib/scenario.sh
id=org.bkt.Bucket
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

released_version() {
  grep -q "<release version=\"$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)\"" "data/$id.metainfo.xml.in"
}
one_name() { grep -qx "Name=$id" "data/dbus-session/$id.service" && grep -q "<id>$id</id>" "data/$id.metainfo.xml.in"; }
flatpak_may_talk() {
  jq -e '."finish-args" | (index("--system-talk-name=org.bkt.Helper1") and index("--talk-name=org.freedesktop.Flatpak"))' \
    flatpak/$id.json
}
well_formed() { # XML…
  python3 -c 'import sys, xml.dom.minidom as m; [m.parse(f) for f in sys.argv[1:]]' "$@"
}
ends_with_lint() { [ "$(grep -vE '^(#|$)' Containerfile | tail -n 1)" = "RUN bootc container lint" ]; }
keeps_image_rules() { ! grep -nE '/usr/etc|ostree container commit|rpm-ostree kargs|^RUN useradd' Containerfile; }
licensed() {
  local missing
  missing=$(git ls-files -z --cached --others --exclude-standard -- meson.build meson.options build-aux data po flatpak systemd Containerfile |
    grep -zvE '\.(json|po|pot|svg|png|jpe?g)$|^po/(xgettext\.args|POTFILES\.in)$' | xargs -0 grep -L SPDX-License-Identifier)
  [ -z "$missing" ] || { echo "no licence named in $missing" && false; }
}

cp "data/$id.desktop.in" "$work/$id.desktop"
check "desktop entry" desktop-file-validate "$work/$id.desktop"
check "metainfo" appstreamcli validate --no-net --explain "data/$id.metainfo.xml.in"
check "metainfo names this version" released_version
check "one id everywhere" one_name
check "flatpak manifest is JSON" jq -e ".\"app-id\" == \"$id\"" "flatpak/$id.json"
check "flatpak may reach the helper and the host" flatpak_may_talk
while read -r file; do
  check "$file" well_formed "$file"
done < <(git ls-files --cached --others --exclude-standard -- 'data/*.xml' 'data/*.policy' 'data/*.ui' 'data/*.svg' 'data/dbus/*.conf' 'po/its/*')
check "Containerfile ends with the lint" ends_with_lint
check "Containerfile keeps the rules of image time" keeps_image_rules
check "every file names its licence" licensed
done_with_checks
