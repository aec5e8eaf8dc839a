#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# flatpak.sh DIR FINAL: makes DIR/repo, a signed Flatpak repository with real refs and tiny contents,
# and DIR/lab.flatpakrepo, its remote with the throw-away key, for when DIR is FINAL. Runs in the build root.
set -euo pipefail
out=$1
work=$(mktemp -d)
export HOME=$work XDG_DATA_HOME=$work/data GNUPGHOME=$work/gpg
trap 'gpgconf --kill all; rm -rf "$work"' EXIT

mkdir -m 700 "$GNUPGHOME"
gpg --batch --quiet --pinentry-mode loopback --passphrase '' --quick-generate-key 'Bucket lab <lab@bkt.invalid>' rsa2048 sign never
key=$(gpg --list-keys --with-colons | awk -F: '/^fpr/ { print $10; exit }')
sign=(--gpg-sign="$key" --gpg-homedir="$GNUPGHOME")
arch=$(flatpak --default-arch)

runtime() { # ID BRANCH
  local dir=$work/$1
  mkdir -p "$dir/usr/bin" "$dir/files"
  printf '[Runtime]\nname=%s\nruntime=%s/%s/%s\nsdk=%s/%s/%s\n' \
    "$1" "$1" "$arch" "$2" "$1" "$arch" "$2" >"$dir/metadata"
  echo "$1 $2" >"$dir/usr/about"
  flatpak build-export --runtime --disable-sandbox "${sign[@]}" "$out/repo" "$dir" "$2"
}

app() { # ID NAME VERSION [BRANCH]
  local dir=$work/$1-$3 branch=${4:-stable}
  mkdir -p "$dir/files/bin" "$dir/export/share/applications"
  cat >"$dir/metadata" <<END
[Application]
name=$1
runtime=org.bkt.lab.Platform/$arch/48
sdk=org.bkt.lab.Platform/$arch/48
command=run

[Context]
shared=network;ipc;
sockets=wayland;
END
  printf '#!/bin/sh\necho "%s %s"\n' "$2" "$3" >"$dir/files/bin/run"
  chmod 755 "$dir/files/bin/run"
  printf '[Desktop Entry]\nType=Application\nName=%s\nExec=run\nIcon=%s\n' "$2" "$1" \
    >"$dir/export/share/applications/$1.desktop"
  mkdir -p "$dir/files/share"
  cp -r "$dir/export/share/applications" "$dir/files/share/"
  flatpak build-export --disable-sandbox "${sign[@]}" -s "$2 $3" "$out/repo" "$dir" "$branch"
}

ostree init --repo="$out/repo" --mode=archive
runtime org.bkt.lab.Platform 48
app org.gnome.Boxes Boxes 48.0
app org.gnome.Boxes Boxes 49.0 beta
app org.gnome.Calculator Calculator 48.0
app org.gnome.Calculator Calculator 48.1
app org.gnome.Maps Maps 48.0
app org.gnome.Weather Weather 48.0
app com.github.tchx84.Flatseal Flatseal 2.3
flatpak build-update-repo --title='Lab' "${sign[@]}" "$out/repo"

cat >"$out/lab.flatpakrepo" <<END
[Flatpak Repo]
Title=Lab
Url=file://$2/repo
GPGKey=$(gpg --export "$key" | base64 -w0)
END
