# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# The lab's own rpm and Flatpak repositories, and how a root directory gets to know them.

# lab_repos: prints a directory with rpm/ (dnf), flatpak/ and copr/ (both signed), made from lab/packages.
lab_repos() {
  cached "repo-$(hash_of "$BKT_SRC/lab/packages")" make_repos
}

make_repos() {
  mkdir "$1/rpm" "$1/flatpak" "$1/copr"
  (root_exec build "$BKT_SRC/lab/packages/build.sh" "$1/rpm") &&
    (root_exec build "$BKT_SRC/lab/packages/copr.sh" "$1/copr") &&
    (root_exec build "$BKT_SRC/lab/packages/flatpak.sh" "$1/flatpak" "${1%.new}/flatpak")
}

# add_repos ROOT [REPOS]: dnf in ROOT knows the repositories at REPOS and nothing else. Without REPOS
# they are copied into ROOT, for a host that boots.
add_repos() {
  local root=$1 repos=${2:-}
  if [ -z "$repos" ]; then
    repos=/usr/lib/bkt-lab/repos
    mkdir -p "$root$repos"
    cp -a "$(lab_repos)/." "$root$repos/"
    sed -i "s|^Url=.*|Url=file://$repos/flatpak/repo|" "$root$repos/flatpak/lab.flatpakrepo"
  fi
  mkdir -p "$root/etc/yum.repos.d" "$root/usr/lib/rpm/macros.d" "$root/usr/lib/sysimage/rpm"
  cp "$BKT_SRC/lab/lib/macros.bkt" "$root/usr/lib/rpm/macros.d/"
  cat >"$root/etc/yum.repos.d/lab.repo" <<END
[lab]
name=Lab
baseurl=file://$repos/rpm
gpgcheck=0
metadata_expire=0

[lab-updates]
name=Lab updates
baseurl=file://$repos/rpm/updates
gpgcheck=0
enabled=0
metadata_expire=0
END
}

# lab_dnf ROOT ARGS…: dnf on a root directory, from outside. Runs in the build root.
lab_dnf() {
  dnf --quiet --assumeyes --installroot="$1" --releasever=44 --setopt=reposdir="$1/etc/yum.repos.d" \
    --setopt=install_weak_deps=False --setopt=tsflags=noscripts "${@:2}"
}

# copr_certificate DIR: DIR/certificate for copr.py, and DIR/lab.pem, which whoever trusts it needs.
copr_certificate() {
  (BKT_BIND=$1 root_exec build openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=copr.fedorainfracloud.org' \
    -addext 'subjectAltName=DNS:copr.fedorainfracloud.org' -keyout "$1/key" -out "$1/lab.pem" 2>/dev/null) &&
    cat "$1/key" "$1/lab.pem" >"$1/certificate"
}
