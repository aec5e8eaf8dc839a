# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# ./dev bench [RUNS]: the time and memory of `bkt status` on the sample computer, and with setups of 1,000 and
# 10,000 entries, beside those of the tools it asks; then the window's first frame and memory against an empty
# libadwaita window. The figures go to target/bench/figures.txt; nothing here passes or fails by them.
. "$BKT_SRC/lab/lib/repos.sh"
. "$BKT_SRC/lab/sample.sh"

runs=${1:-20}
out=$BKT_SRC/target/bench
built=${CARGO_TARGET_DIR:-$BKT_SRC/target}/release
mkdir -p "$out"
note "building for release"
(inside cargo build --quiet --release -p bkt-cli -p bkt-app) || die "Bucket does not build: the errors are above"
(inside cargo build --quiet --release -p bkt-app --example empty) || die "the empty window does not build"
sample "$out/sample"
rm -rf "$out"/setup-*

# Runs a command as the person of the sample computer.
as_sample() {
  (
    # shellcheck source=/dev/null
    . "$out/sample/env"
    inside "$BKT_SRC/lab/lib/headless.sh" "$@"
  )
}

# A setup of N entries more than the sample's: a fifth apps, a tenth units, up to a tenth settings (of those
# there are), the rest packages.
bigger() { # N
  local setup=$out/setup-$1
  cp -a "$out/sample/setup" "$setup"
  jq_edit "$setup/manifests/flatpak-apps.json" "$1" \
    '.apps += [range($n / 5) | {id: "org.example.App\(.)", remote: "lab", scope: "user"}]'
  jq_edit "$setup/manifests/systemd-services.json" "$1" \
    '.services += ([range($n / 10) | {key: "unit-\(.).service", value: "enabled"}] | from_entries)'
  jq_edit "$setup/manifests/gsettings.json" "$1" \
    '(.settings | map({key: "\(.schema) \(.key)", value: 1}) | from_entries) as $known
     | .settings += [$settings[] | select($known["\(.schema) \(.key)"] | not)][:$n / 10]'
  settings=$(inside jq '.settings | length' "$setup/manifests/gsettings.json")
  jq_edit "$setup/manifests/system-packages.json" "$1" \
    ".packages += [range(\$n * 7 / 10 - $settings) | \"package-\\(.)\"]"
}
jq_edit() { # FILE N FILTER
  (inside jq --argjson n "$2" --slurpfile settings "$out/settings.json" "$3" "$1") >"$1.new" && mv "$1.new" "$1"
}

as_sample gsettings list-recursively | sort -u |
  (inside jq -R 'capture("^(?<schema>[^ ]+) (?<key>[^ ]+) (?<value>.*)$")') >"$out/settings.json"
root=$out/sample/root
bkt="$built/bkt --root $root"
# What is Bucket's own in it: the same where dnf has its answer ready. It is found by its place, so only root,
# who may mount over that, can see this.
mkdir -p "$out/bin"
query="dnf -q --disablerepo=* repoquery --userinstalled --qf '%{name}\n' --installroot $root"
as_sample sh -c "$query" >"$out/bin/answer"
printf '#!/bin/sh\nexec cat "%s"\n' "$out/bin/answer" >"$out/bin/dnf"
chmod +x "$out/bin/dnf"
statuses=("status, sample computer=$bkt -C $out/sample/setup status --json")
alone=()
for entries in 1000 10000; do
  bigger "$entries"
  statuses+=("status, $entries entries=$bkt -C $out/setup-$entries status --json")
  alone+=("status, $entries, instant dnf=unshare -m --propagation unchanged sh -c 'mount --bind $out/bin/dnf /usr/bin/dnf && exec $bkt -C $out/setup-$entries status --json'")
done

[ "$(id -u)" = 0 ] || alone=()

{
  as_sample python3 "$BKT_SRC/lab/lib/measure.py" "$runs" 2 \
    "rpm -qa=rpm -qa --qf '%{NAME}\\t%{EVR}.%{ARCH}\\n' --root $root" \
    "bkt --version=$built/bkt --version" \
    "dnf repoquery --userinstalled=$query" \
    "systemctl list-unit-files=systemctl list-unit-files --output=json --no-pager --root $root" \
    "flatpak list=env FLATPAK_SYSTEM_DIR=$root/var/lib/flatpak flatpak list --app --columns=installation,application,origin,branch,active,name" \
    "${statuses[@]}" "${alone[@]}"
  echo
  as_sample python3 "$BKT_SRC/lab/bench/window.py" "$((runs / 2 + 1))" empty="$built/examples/empty" \
    bucket="$built/bkt-gui --root $root -C $out/sample/setup"
} | tee "$out/figures.txt"
