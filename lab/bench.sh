# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# ./dev bench [RUNS] [looks|kinds|window…]: what Bucket costs, as tables; they go to target/bench/, too. All parts
# unless some are named; nothing here passes or fails by a figure.
#   looks   whole commands on a sample computer as large as a real one, and with 10,000 entries in its setup, beside
#           the tools that tell as much
#   kinds   one kind of item alone, with 100, 1,000 and 10,000 entries
#   window  the first frame and the memory of the window, beside an empty libadwaita window
. "$BKT_SRC/lab/lib/repos.sh"
. "$BKT_SRC/lab/sample.sh"

runs=${1:-20}
[[ $runs =~ ^[0-9]+$ ]] || die "say how many runs: ./dev bench [RUNS] [looks|kinds|window…]"
parts=("${@:2}")
[ "${#parts[@]}" -gt 0 ] || parts=(looks kinds window)
wants() { [[ " ${parts[*]} " == *" $1 "* ]]; }
out=$BKT_SRC/target/bench
built=${CARGO_TARGET_DIR:-$BKT_SRC/target}/release
mkdir -p "$out"

# The sample computer, grown to the size of a real one; made once.
make_real() { # SAMPLE DIR
  cp -a "$1/." "$2" && (root_exec build "$BKT_SRC/lab/bench/real.sh" "$2")
}
real() {
  local made
  sample "$out/sample"
  [ -d "$BKT_CACHE/real-$(real_key)" ] || note "making a sample computer of real size: some minutes, once"
  made=$(cached "real-$(real_key)" make_real "$out/sample")
  remove_tree "$out/real"
  cp -a --reflink=auto "$made" "$out/real"
  sed "s|$out/sample|$out/real|g" "$out/sample/env" >"$out/real/env"
}
real_key() {
  hash_of "$BKT_SRC/lab/sample" "$BKT_SRC/lab/lib/repos.sh" "$BKT_SRC/lab/packages" "$BKT_SRC/lab/bench/real.sh"
}

# Runs a command as the person of a sample computer.
as_person() { # SAMPLE COMMAND…
  (
    # shellcheck source=/dev/null
    . "$1/env"
    inside "$BKT_SRC/lab/lib/headless.sh" "${@:2}"
  )
}

looks() {
  local root=$out/real/root setup=$out/real/setup bkt="$built/bkt --root $out/real/root"
  # A look by someone Bucket has not seen before: nothing is remembered.
  local first="sh -c 'rm -rf $out/fresh && XDG_STATE_HOME=$out/fresh exec \"\$@\"' first $bkt"
  remove_tree "$out/grown"
  cp -a "$setup" "$out/grown"
  (inside python3 "$BKT_SRC/lab/bench/setups.py" "$out/grown" 10000)
  as_person "$out/real" python3 "$BKT_SRC/lab/lib/measure.py" "$runs" 2 \
    "rpm -qa=rpm -qa --qf '%{NAME}\\t%{EVR}.%{ARCH}\\n' --root $root" \
    "bkt --version=$bkt --version" \
    "dnf repoquery --userinstalled=dnf -q --disablerepo=* repoquery --userinstalled --qf '%{name}\n' --installroot $root" \
    "systemctl list-unit-files=systemctl list-unit-files --output=json --no-pager --root $root" \
    "flatpak list=env FLATPAK_SYSTEM_DIR=$root/var/lib/flatpak flatpak list --app" \
    "gsettings list-recursively=gsettings list-recursively" \
    "status, first look=$first -C $setup status --json" \
    "status=$bkt -C $setup status --json" \
    "status, 10,000 entries=$bkt -C $out/grown status --json" \
    "drift list, 10,000 entries=$bkt -C $out/grown drift" \
    "containerfile check=$bkt -C $setup containerfile check" \
    "completing pkg:, first look=$first -C $setup complete -- apply pkg:" \
    "completing pkg:=$bkt -C $setup complete -- apply pkg:"
}

kinds() {
  as_person "$out/real" python3 "$BKT_SRC/lab/bench/growth.py" "$runs" "$out/growth" "$built/bkt" --root "$out/real/root"
}

window() {
  (inside cargo build --quiet --release -p bkt-app --bin bkt-gui --example empty) || die "the window does not build"
  as_person "$out/sample" python3 "$BKT_SRC/lab/bench/window.py" "$((runs / 2 + 1))" empty="$built/examples/empty" \
    bucket="$built/bkt-gui --root $out/sample/root -C $out/sample/setup"
}

note "building for release"
(inside cargo build --quiet --release -p bkt-cli) || die "Bucket does not build: the errors are above"
real
for part in looks kinds window; do
  if wants "$part"; then
    "$part" | tee "$out/$part.txt"
    echo
  fi
done
