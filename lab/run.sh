# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# ./dev run [--no-window]: builds Bucket and shows it on a sample computer: status, the plan, the run, status
# again, then the window; with no display the window is drawn off screen and saved as target/run/*.png.
. "$BKT_SRC/lab/lib/repos.sh"
. "$BKT_SRC/lab/sample.sh"

out=$BKT_SRC/target/run
sample_dir=$out/sample
built=${CARGO_TARGET_DIR:-$BKT_SRC/target}/debug

# Runs a command as the sample's person, with a session bus and a display of its own.
as_sample() (
  # shellcheck source=/dev/null
  . "$sample_dir/env"
  cd "$sample_dir/setup" || exit
  inside "$BKT_SRC/lab/lib/headless.sh" "$@"
)
# The same on the display of whoever started this.
as_sample_here() (
  runtime=${XDG_RUNTIME_DIR:-}
  # shellcheck source=/dev/null
  . "$sample_dir/env"
  cd "$sample_dir/setup" || exit
  export XDG_RUNTIME_DIR=$runtime
  inside dbus-run-session -- "$@"
)

bucket() { as_sample "$built/bkt" --root "$sample_dir/root" -C "$sample_dir/setup" "$@"; }
show() { # one command as a person would see it
  printf '\n\033[1m$ bkt %s\033[0m\n' "$*"
  bucket "$@" || rc=$?
}

window() {
  local args=(--root "$sample_dir/root" -C "$sample_dir/setup")
  if [ -n "${WAYLAND_DISPLAY:-}${DISPLAY:-}" ]; then
    as_sample_here "$built/bkt-gui" "${args[@]}"
  else
    as_sample "$BKT_SRC/lab/lib/picture.sh" "$out/window.png" "$built/bkt-gui" "${args[@]}"
    note "no display here: the window is in ${out#"$BKT_SRC"/}/window.png"
  fi
}

case ${1:-} in
  "" | --no-window) ;;
  *) die "unknown option $1: ./dev run [--no-window]" ;;
esac
mkdir -p "$out"
(inside cargo build --quiet --workspace) || die "Bucket does not build: the errors are above"
sample "$sample_dir"
rc=0
if bucket status --help 2>/dev/null | grep -q status; then
  show status
  show plan show --apply '*'
  show apply --all --yes
  [ "$rc" = 0 ] || [ "$rc" = 3 ] || die "bkt ended with $rc: see above"
  show status
else
  note "$built/bkt has no status command yet"
fi
if [ "${1:-}" != --no-window ]; then window; fi
