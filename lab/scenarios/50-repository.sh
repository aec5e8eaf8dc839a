#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# From an edited setup to a pull request and back, by the real git and gh; GitHub is lab/repository/github.py.
. "$(dirname "$(readlink -f "$0")")/../lib/all.sh"

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export BKT_BIND=$dir
setup=$dir/setup origin=$dir/sam/setup.git
root_path build >/dev/null
(cd "$BKT_SRC" && "$BKT_SRC/dev" cargo build --quiet -p bkt-cli)
# the network is GitHub's alone, or with `away` nothing's
online() { (root_exec build unshare -nm --propagation unchanged "$BKT_SRC/lab/repository/inside.sh" "$dir" "$@"); }
away() { (root_exec build unshare -n "$@"); }
as=(env HOME="$dir/home" XDG_CONFIG_HOME="$dir/home/.config" XDG_STATE_HOME="$dir/home/state")
command=("${CARGO_TARGET_DIR:-$BKT_SRC/target}/debug/bkt" --root "$dir/root" -C "$setup")
bkt() { online "${as[@]}" GH_TOKEN=x "${command[@]}" "$@"; }
git_() { git -C "$setup" -c safe.directory='*' "$@"; }
packages() { printf '{"packages": [%s]}\n' "$1" >"$setup/manifests/system-packages.json"; }
code() {
  local code=0
  "$@" >/dev/null 2>&1 || code=$?
  echo "$code"
}

mkdir -p "$dir/home" "$dir/root/etc" "$setup/manifests"
git init -q --bare --initial-branch=main "$origin"
git -C "$origin" config http.receivepack true
git init -q --initial-branch=main "$setup"
git_ config user.name Sam
git_ config user.email sam@example.org
packages '"git"'
printf 'FROM x\nRUN bootc container lint\n' >"$setup/Containerfile"
bkt containerfile adopt SYSTEM_PACKAGES -y >/dev/null
git_ add .
git_ commit -qm Begin
git_ remote add origin http://github.localhost/sam/setup.git
online git -C "$setup" push -q -u origin main
head=$(git_ rev-parse HEAD)

bkt dnf install htop strace --setup-only -y >/dev/null 2>&1
entries() { bkt repo --json | jq -r '[.entries[].id] | join(" ")'; }
check_is "what was asked for is told item by item; the recipe goes along" "pkg:htop pkg:strace" entries
check "a pull request of one of them is opened by gh" bkt pr pkg:htop -y --draft
pull() { jq -r ".[$1] | [.title, .headRefName, .baseRefName, .isDraft, .body] | map(tostring | rtrimstr(\"\n\")) | join(\"|\")" "$dir/pulls"; }
check_is "it says what it brings" "Add htop|bkt/add-htop|main|true|- Add htop (pkg:htop)" pull 0
files() { git -C "$origin" diff --name-only main "$1" | paste -sd' '; }
check_is "manifest and recipe are in it" "Containerfile manifests/system-packages.json" files bkt/add-htop
added() { git -C "$origin" diff main "$1" | grep '^+' | grep -o 'htop\|strace' | sort -u; }
check_is "and nothing of the other package" htop added bkt/add-htop
check_is "the folder is on its branch and commit" "main $head" \
  echo "$(git_ symbolic-ref --short HEAD) $(git_ rev-parse HEAD)"
waiting() { bkt repo --json | jq -r '[.pull_requests[0].url, .pull_requests[0].checks, .build.conclusion, .proposed["pkg:htop"]] | join(" ")'; }
check_is "the request, its checks and the last build are shown" \
  "http://github.localhost/sam/setup/pull/1 passed success bkt/add-htop" waiting
check "what is proposed is not proposed again" bkt pr -y
check_is "the rest is" "Add strace|bkt/add-strace|main|false|- Add strace (pkg:strace)" pull 1
check "with everything proposed there is nothing to do" grep -q "2 entries are on a branch already" <<<"$(bkt pr -y)"

check "a command with --pr ends in a pull request" bkt shim add nmcli --setup-only --pr -y
check_is "of what it changed" "Add nmcli" sh -c 'jq -r ".[2].title" "$1"' sh "$dir/pulls"
before=$(git_ status --porcelain)
check "with --pr-only, too" bkt shim add podman --pr-only
check_is "of what it would have changed" "Add podman" sh -c 'jq -r ".[3].title" "$1"' sh "$dir/pulls"
check_is "and the folder stays as it is" "$before" git_ status --porcelain

# failures
state() { git_ for-each-ref && git_ status --porcelain && git_ worktree list && git -C "$origin" for-each-ref; }
was=$(state)
signed_out() { online "${as[@]}" "${command[@]}" "$@"; }
check_is "signed out it is refused before anything changes" 4 code signed_out pr pkg:htop -y
no_network() { away "${as[@]}" GH_TOKEN=x "${command[@]}" "$@"; }
check_is "without a network it fails" 1 code no_network pr pkg:htop -y
check_is "without a network there is nothing to pull" 1 code no_network pull
check "without a network the rest is shown" no_network repo
check_is "and nothing has changed" "$was" state
echo 502 >"$dir/answer"
out=$(bkt pr pkg:htop -y --title 'Once more' 2>&1) && rc=0 || rc=$?
check_is "where GitHub fails after the push it is done in part" 5 echo "$rc"
check "and the page to open it on is named" grep -q 'compare/main...bkt/once-more' <<<"$out"
rm "$dir/answer"

# merged there
git -C "$origin" update-ref refs/heads/main bkt/add-htop
git -C "$origin" branch -q -D bkt/add-htop
check "what was merged is pulled" bkt pull
check_is "and is no difference any more" "pkg:strace shim:nmcli" entries
check "the branch is gone here, too" sh -c '! git -C "$1" rev-parse -q --verify refs/heads/bkt/add-htop' sh "$setup"
check_is "the recipe follows the setup" "in-sync" sh -c 'jq -r ".sections[] | select(.name == \"SYSTEM_PACKAGES\").state"' < <(bkt containerfile check --json)
bkt commit -y >/dev/null 2>&1
check_is "committing the rest leaves nothing" "" git_ status --porcelain

# what is on this computer alone, kept
bkt containerfile adopt HOST_SHIMS -y >/dev/null 2>&1
bkt commit -y Containerfile >/dev/null 2>&1
online git -C "$setup" push -q origin main
for name in docker make; do bkt shim add "$name" --local -y >/dev/null 2>&1; done
locals() { bkt local list --json | jq -r '[.items[].id] | join(" ")'; }
keep=(local commit shim:docker --pr --reason "For the build." -y)
was=$(state && cat "$dir/home/.local/share/bkt/ephemeral.json")
check_is "signed out nothing that is here alone is kept" 4 code signed_out "${keep[@]}"
check_is "nor without a network" 1 code no_network "${keep[@]}"
check_is "which leaves setup, branches and records as they were" "$was" \
  sh -c "$(declare -f state git_); setup=$setup origin=$origin; state && cat $dir/home/.local/share/bkt/ephemeral.json"
check "with both, gh opens a pull request of it" bkt "${keep[@]}"
last() { jq -r '.[-1].body' "$dir/pulls"; }
check_is "it says why" "For the build." sh -c 'head -n1' < <(last)
check "what, and when" grep -q '^  - Changed on one computer on 20.. *' <(last)
check "and by which command" grep -q '^  - By `bkt shim add docker --local -y`$' <(last)
check_is "manifest and recipe are in it" "Containerfile manifests/host-shims.json" files bkt/add-docker
check_is "the other one is still here alone" "shim:make" locals
echo 502 >"$dir/answer"
check_is "where GitHub fails after the push it is done in part" 5 code bkt local commit --pr -y
rm "$dir/answer"
check "the branch is there" git -C "$origin" rev-parse -q --verify bkt/add-make
check_is "and the setup has it" "" locals

# a setup of somebody else's, changed by way of a fork
parent=$dir/team/shared.git fork=$dir/sam/shared.git
for bare in "$parent" "$fork"; do git clone -q --bare "$origin" "$bare"; done
git -C "$parent" config http.receivepack false
git -C "$fork" config http.receivepack true
echo team/shared >"$fork/parent"
online git clone -q http://github.localhost/team/shared.git "$dir/shared"
setup=$dir/shared command[-1]=$dir/shared
git_ config user.name Sam
git_ config user.email sam@example.org
bkt dnf install vim --setup-only -y >/dev/null 2>&1
was=$(git -C "$parent" for-each-ref)
check_is "without a fork the push is refused, and nothing is left of it" "1 main" \
  echo "$(code bkt pr -y) $(git_ for-each-ref --format='%(refname:short)' refs/heads)"
git_ remote add fork http://github.localhost/sam/shared.git
git_ config remote.pushDefault fork
check "a pull request from the fork is opened by gh" bkt pr -y
from() { jq -r '.[-1] | [.repository, .baseRefName, .headRepositoryOwner.login, .headRefName] | join(" ")' "$dir/pulls"; }
check_is "for the branch of what it was made from" "team/shared main sam bkt/add-vim" from
check_is "where nothing was pushed" "$was" git -C "$parent" for-each-ref
check "the fork has the branch" git -C "$fork" rev-parse -q --verify refs/heads/bkt/add-vim
check_is "the request there is shown" "http://github.localhost/team/shared/pull/$(jq length "$dir/pulls")" \
  sh -c 'jq -r ".pull_requests[0].url"' < <(bkt repo --json)
done_with_checks
