# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# ./dev run [--no-window]: builds Bucket and shows it on a sample computer: status, the plan, the run, status again,
# and the window. The computer is a booted lab host with GNOME, whose window is saved as target/run/*.png;
# with a display here the window opens there too, on a sample computer in a directory. Where no host can be
# booted everything happens on the latter.
. "$BKT_SRC/lab/lib/repos.sh"
. "$BKT_SRC/lab/lib/install.sh"
. "$BKT_SRC/lab/sample.sh"
. "$BKT_SRC/lab/run/show.sh"

out=$BKT_SRC/target/run
sample_dir=$out/sample
built=${CARGO_TARGET_DIR:-$BKT_SRC/target}/debug
on_sample=(--root "$sample_dir/root" -C "$sample_dir/setup")

# Runs a command as the sample's person, with a session bus and a display of its own.
as_sample() (
  # shellcheck source=/dev/null
  . "$sample_dir/env"
  cd "$sample_dir/setup" || exit
  inside "$BKT_SRC/lab/lib/headless.sh" "$@"
)
# The same on the display of whoever started this; on a bus of its own nothing speaks to a screen reader.
as_sample_here() (
  runtime=${XDG_RUNTIME_DIR:-}
  # shellcheck source=/dev/null
  . "$sample_dir/env"
  cd "$sample_dir/setup" || exit
  export XDG_RUNTIME_DIR=$runtime GTK_A11Y=none
  inside dbus-run-session -- "$@"
)

show() { # one command as a person would see it
  local rc=0
  show_command "$@"
  as_sample "$built/bkt" "${on_sample[@]}" "$@" || rc=$?
  [ "$rc" = 0 ] || [ "$rc" = 3 ] || die "bkt $1 ended with $rc: see above"
}
in_a_directory() {
  show status
  show plan show --apply '*'
  [ -z "$window" ] || as_sample "$BKT_SRC/lab/lib/picture.sh" "$out/window.png" "$built/bkt-gui" "${on_sample[@]}"
  show apply --all --yes
  show status
}

window=yes
case ${1:-} in
  "") ;;
  --no-window) window= ;;
  *) die "unknown option $1: ./dev run [--no-window]" ;;
esac
mkdir -p "$out"
exec {run_lock}>"$out/.lock"
flock --nonblock "$run_lock" || die "another ./dev run is still going"
rm -f "$out"/*.png
note "building"
(inside cargo build --quiet --workspace) || die "Bucket does not build: the errors are above"
remove_tree "$out/tree"
mkdir "$out/tree"
recipe_tree "$out/tree"

rc=0
"$BKT_SRC/lab/run/on-host.sh" "$out/tree" "$out" "$@" || rc=$?
if [ "$rc" = 75 ]; then
  note "this machine cannot boot a lab host (see above): the sample computer is a directory, without the helper"
  sample "$sample_dir"
  in_a_directory
elif [ "$rc" != 0 ]; then
  exit "$rc"
fi
if [ -n "$window" ] && [ -n "${WAYLAND_DISPLAY:-}${DISPLAY:-}" ]; then
  note "the window opens on a sample computer in ${out#"$BKT_SRC"/}/sample"
  sample "$sample_dir"
  as_sample_here "$built/bkt-gui" "${on_sample[@]}"
elif [ -n "$window" ]; then
  note "no display here: the window is in ${out#"$BKT_SRC"/}/*.png"
fi
