#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# bkt dev in a box with the real dnf4 and in one with the real dnf5: what dnf did is in the setup, what it did not is not.
. "$(dirname "$(readlink -f "$0")")/../lib/all.sh"

dir=$(mktemp -d)
trap 'rm -rf --one-file-system "$dir"' EXIT
export BKT_BIND=$dir
root_path build >/dev/null
(cd "$BKT_SRC" && "$BKT_SRC/dev" cargo build --quiet -p bkt-cli)
repos=$(lab_repos)
copr_certificate "$dir"

# A box is a root of its own with the marks of a toolbox, the home of the person and a sudo that asks nothing. All of it
# is gone with the process that is in it, so each box is one script.
cat >"$dir/box.sh" <<'END_OF_BOX'
set -euo pipefail
. "$BKT_SRC/lab/lib/common.sh"
. "$BKT_SRC/lab/lib/repos.sh"
dir=$1 lower=$2 repos=$3 kind=$4
mkdir "$dir/$kind"
mount -t tmpfs box "$dir/$kind"
mkdir "$dir/$kind"/{upper,work,box}
box=$dir/$kind/box
mount -t overlay box -o "lowerdir=$lower,upperdir=$dir/$kind/upper,workdir=$dir/$kind/work" "$box"
add_repos "$box" "$repos"
cp "$BKT_SRC/lab/sample/root/usr/lib/os-release" "$box/usr/lib/os-release"
rm -f "$box/etc/os-release"
ln -s ../usr/lib/os-release "$box/etc/os-release"
mkdir -p "$box/run"
touch "$box/run/.containerenv" "$box/run/.toolboxenv"
printf '#!/bin/sh\nexec "$@"\n' >"$box/usr/bin/sudo"
chmod 755 "$box/usr/bin/sudo"
{ cat "$box/etc/hosts" 2>/dev/null || true; echo 127.0.0.1 copr.fedorainfracloud.org; } >"$dir/hosts"
exec unshare -n bash "$BKT_SRC/lab/lib/enter.sh" "$box" bash "$dir/in-box.sh" "$dir" "$repos" "$kind"
END_OF_BOX

cat >"$dir/in-box.sh" <<'END_OF_IN_BOX'
set -euo pipefail
dir=$1 repos=$2 kind=$3
. "$BKT_SRC/lab/lib/scenario.sh"
mount --bind "$dir/hosts" /etc/hosts
mount --bind "$dir/lab.pem" /etc/ssl/certs/ca-certificates.crt
export HOME=$dir/home-$kind SAID=$dir/said-$kind
mkdir -p "$HOME/setup/manifests"
manifest=$HOME/setup/manifests/toolbox-packages.json
bkt() { "${CARGO_TARGET_DIR:-$BKT_SRC/target}/debug/bkt" -C "$HOME/setup" "$@"; }
setup() { printf '{\n  // mine\n  "packages": [%s]\n}\n' "$1" >"$manifest"; }
declared() { if [ -f "$manifest" ]; then grep -v '//' "$manifest" | jq -c '[.packages[]?]'; else echo none; fi; }
both() { bkt dev status --json | jq -r '[.packages[] | "\(.name) \(.setup) \(.installed)"] | join(", ")'; }
# says EXIT SENTENCE WORDS…: how a command ends and one sentence it says
says() {
  local want=$1 sentence=$2 rc=0
  shift 2
  bkt "$@" >"$SAID" 2>&1 || rc=$?
  [ "$rc" = "$want" ] && grep -qF -- "$sentence" "$SAID" && return
  echo "exit $rc"
  tail -n 4 "$SAID"
  return 1
}
copr() { python3 "$BKT_SRC/lab/lib/copr.py" "$repos/copr" "$dir/certificate" "$@"; }
export -f bkt
export manifest
# the names of both boxes stand in one list
eval "lab_$(declare -f check)" && check() { lab_check "$kind: $1" "${@:2}"; }
eval "lab_$(declare -f check_is)" && check_is() { lab_check_is "$kind: $1" "${@:2}"; }

dnf -qy install bkt-lab-base >/dev/null 2>&1
dnf -qy mark dependency bkt-lab-base >/dev/null 2>&1 || dnf -qy mark remove bkt-lab-base >/dev/null 2>&1
check_is "there is a toolbox and nothing in it" "" both
check "the setup says nothing" says 0 "The setup says nothing of a development container." dev list

# install: both sides, or neither
check "a dry run names both" says 0 "Run sudo dnf -y install htop tuned" dev install htop tuned -n
check_is "and does nothing" "none " sh -c 'echo "$1 $2"' sh "$(declared)" "$(both)"
check "without a yes nothing is done" says 2 "--yes" dev install htop
check "packages are installed" says 0 "Not committed: manifests/toolbox-packages.json" dev install htop tuned -y
check "with what dnf says" grep -q 'tuned-profiles' "$SAID"
check_is "they are on both sides, and their dependency on neither" "htop true true, tuned true true" both
check_is "htop runs" "htop 3.4.1-1" htop
check "both are listed" says 0 htop dev list
check "nothing differs" says 0 "Everything matches." dev diff --exit-code
check "once more is no error" says 0 "Nothing to do." dev install htop -y
check_is "and writes nothing" '["htop","tuned"]' declared
check "nothing is left to sync" says 0 "Nothing to do: it is so already." dev sync

# what dnf refuses
before=$(cat "$manifest")
check "a package that is nowhere fails, with the reason" says 1 "$nowhere" dev install no-such-package -y
check_is "and is not in the setup" "$before" cat "$manifest"
check "nor are those named with it" says 1 "$nowhere" dev install strace no-such-package -y
check_is "on neither side" "$before htop true true, tuned true true" sh -c 'echo "$(cat "$1") $2"' sh "$manifest" "$(both)"
check "one whose script refuses fails" says 1 "Transaction failed" dev install lab-broken -y
check "with what it said" grep -q 'lab-broken: the disk label is missing' "$SAID"
check_is "and is not in the setup" "$before" cat "$manifest"
check_is "as JSON with its code" command_failed bash -c 'bkt dev install no-such-package -y --json 2>/dev/null | jq -r .error.code'
check "of two, the one that dnf installed stays" says 1 "Done all the same: strace" dev install strace lab-broken -y
check_is "on both sides" "htop true true, strace true true, tuned true true" both
check "it goes again" says 0 "Done." dev remove strace -y
check_is "from the setup, byte for byte as it was" "$before" cat "$manifest"
check "a script that fails afterwards takes nothing away" says 0 "lab-post was installed, but its %post script failed" dev install lab-post -y
check_is "it is on both sides" "htop true true, lab-post true true, tuned true true" both
check "it is removed" says 0 "Done." dev remove lab-post -y
check "a name that another package provides is none" says 1 "dnf ended well, but this is not so in the container: kernel" dev install kernel -y
check_is "and is not in the setup" "$before" cat "$manifest"

# remove
check "a package is removed" says 0 "Done." dev remove htop -y
check_is "on both sides" "tuned true true" both
check "one that is not there is no error" says 0 "Done." dev remove htop -y
check "one that is needed by nothing goes with what it needed" says 0 "Done." dev remove tuned -y
check_is "tuned is gone, and its dependency" "" both
check_is "which is nowhere" "1" sh -c 'rpm -q tuned-profiles >/dev/null; echo $?'

# one side at a time, and back
check "the setup alone" says 0 "Done." dev install nano --setup-only
check_is "is missing in the box" "nano true false" both
check "which is a difference" says 3 "missing in the container" dev diff --exit-code
check "the box alone" says 0 "Done." dev install htop --here-only -y
check_is "is only there" "htop false true, nano true false" both
check "sync asks first" says 0 "Run sudo dnf -y install nano" dev sync -n
check "and brings what is missing" says 0 "Done." dev sync -y
check_is "and takes nothing away" "htop false true, nano true true" both
check "capture writes the other" says 0 "Only in the container: htop" dev capture
check "and nothing differs" says 0 "Everything matches." dev diff --exit-code
setup '"no-such-package"'
check "what sync cannot bring fails" says 1 "$nowhere" dev sync -y
setup '"htop", "nano"'

# none of it is a run of this computer
check_is "it is in no log" 0 bash -c 'bkt --no-delegate log --json | jq ".runs | length"'

# sources: what a project needs beside itself is not turned on with it. dnf4 has no such command in the lab
if [ "$kind" = dnf5 ]; then
  check "a project is turned on" copr bash -c 'bkt dev copr enable lab/needs -y'
  check_is "alone, with its signatures checked" "[copr:copr.fedorainfracloud.org:lab:needs] gpgcheck=1 enabled=1 [coprdep:needs_lab_invalid_repo] gpgcheck=0 enabled=0" \
    sh -c 'grep -hE "^(\[|enabled=|gpgcheck=)" /etc/yum.repos.d/_copr:*:lab:needs.repo | paste -sd" "'
  check "it is in the setup" says 0 "copr lab/needs  on" dev copr list
  check "and nothing differs" copr bash -c 'bkt dev diff --exit-code'
  check "it is turned off" copr bash -c 'bkt dev copr disable lab/needs -y'
  check "in the setup, too" says 0 "copr lab/needs  off" dev copr list
  check "one that is not there fails" copr bash -c '! bkt dev copr enable lab/nosuch -y'
  check "and is not in the setup" bash -c '! grep -q nosuch "$manifest"'
fi

# repositories that cannot be reached
sed -i 's|^baseurl=.*|baseurl=file:///nowhere|' /etc/yum.repos.d/lab.repo
rm -f /etc/yum.repos.d/_copr*
dnf -q clean all >/dev/null 2>&1
check_is "looking needs no repository" "htop true true, nano true true" both
before=$(cat "$manifest")
check "installing does" says 1 "$nowhere" dev install ripgrep -y
check_is "and nothing is written" "$before" cat "$manifest"
check "removing does not" says 0 "Done." dev remove nano -y
done_with_checks
END_OF_IN_BOX

box() { # KIND LOWER REASON
  nowhere=$3 unshare -m bash "$dir/box.sh" "$dir" "$2" "$repos" "$1" || failed=1
}
box dnf4 "$(readlink -f "$(root_path host)")" "dnf failed: Unable to find a match:"
box dnf5 "$(readlink -f "$(root_path dnf5)")" "dnf failed: No match for argument:"
done_with_checks
