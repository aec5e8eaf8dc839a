# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# ./dev sample DIR: a sample computer (root/), its person's home/, their setup/, the known differences
# (expected.json) and env, to be sourced. Made once, then copied.
. "$BKT_SRC/lab/lib/repos.sh"

make_sample() {
  local repos=$1
  (root_exec build "$BKT_SRC/lab/sample/make.sh" "$2" "$repos")
}

sample() {
  local dir repos made
  dir=$(realpath -m "$1")
  [ ! -e "$dir" ] || [ -f "$dir/expected.json" ] || die "$dir exists and is not a sample: choose another directory"
  repos=$(lab_repos)
  made=$(cached "sample-$(hash_of "$BKT_SRC/lab/sample" "$BKT_SRC/lab/lib/repos.sh" "$BKT_SRC/lab/packages")" make_sample "$repos")
  remove_tree "$dir"
  mkdir -p "$(dirname "$dir")"
  cp -a --reflink=auto "$made" "$dir"
  cat >"$dir/env" <<END
export HOME='$dir/home'
export XDG_CONFIG_HOME='$dir/home/.config' XDG_DATA_HOME='$dir/home/.local/share'
export XDG_STATE_HOME='$dir/home/.local/state' XDG_CACHE_HOME='$dir/home/.cache'
export DCONF_PROFILE='$dir/dconf-profile' GSETTINGS_BACKEND=dconf
END
}

if [ "$command" = sample ]; then
  [ $# = 1 ] || die "say where: ./dev sample DIR"
  sample "$1"
  note "sample computer: $(realpath "$1") (root, home, setup, expected.json, env)"
fi
