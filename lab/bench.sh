# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# ./dev bench [RUNS]: the time and memory of `bkt status` on the sample computer, and on setups of 1,000 and
# 10,000 entries compared with it; then the window's first frame and memory against an empty libadwaita window.
# Figures go to target/bench/figures.txt.
. "$BKT_SRC/lab/lib/repos.sh"
. "$BKT_SRC/lab/sample.sh"

runs=${1:-20}
out=$BKT_SRC/target/bench
built=${CARGO_TARGET_DIR:-$BKT_SRC/target}/release
mkdir -p "$out"
(inside cargo build --quiet --release --workspace && inside cargo build --quiet --release -p bkt-app --example empty) || die "Bucket does not build: the errors are above"
sample "$out/sample"

# A setup with N entries more, spread over the manifests as in a real one.
bigger() { # N
  cp -a "$out/sample/setup" "$out/setup-$1"
  jq_edit "$out/setup-$1/manifests/system-packages.json" '.packages += [range($n * 6 / 10 | floor) | "package-\(.)"]' "$1"
  jq_edit "$out/setup-$1/manifests/systemd-services.json" \
    '.services += ([range($n / 10 | floor) | {key: "unit-\(.).service", value: "enabled"}] | from_entries)' "$1"
  jq_edit "$out/setup-$1/manifests/flatpak-apps.json" \
    '.apps += [range($n * 3 / 10 | floor) | {id: "org.example.App\(.)", remote: "lab", scope: "user"}]' "$1"
}
jq_edit() { # FILE FILTER N
  (inside jq --argjson n "$3" "$2" "$1") >"$1.new" && mv "$1.new" "$1"
}

as_sample() {
  (
    # shellcheck source=/dev/null
    . "$out/sample/env"
    inside "$BKT_SRC/lab/lib/headless.sh" "$@"
  ) | tee -a "$out/figures.txt"
}
measure() { # LABEL SETUP
  as_sample python3 "$BKT_SRC/lab/lib/measure.py" "$runs" "$1" "$built/bkt" --root "$out/sample/root" -C "$2" status --json
}

rm -rf "$out/figures.txt" "$out"/setup-*
printf '%-28s %10s %10s %10s %10s\n' "" "first ms" "median ms" "p95 ms" "peak MB"
measure "status, sample" "$out/sample/setup"
for entries in 1000 10000; do
  bigger "$entries"
  measure "status, $entries entries" "$out/setup-$entries"
done
echo
as_sample python3 "$BKT_SRC/lab/bench/window.py" "$((runs / 4 + 1))" empty="$built/examples/empty" \
  bucket="$built/bkt-gui --root $out/sample/root -C $out/sample/setup"
