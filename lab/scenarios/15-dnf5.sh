#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# dnf5 and rpm 6 do what bkt asks of them: the same command lines as on dnf4, on a computer below a directory.
. "$(dirname "$(readlink -f "$0")")/../lib/all.sh"

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export BKT_BIND=$dir
root=$dir/root
mkdir -p "$root/etc/dnf" "$dir/home" "$dir/setup/manifests"
add_repos "$root" "$(lab_repos)"
# nothing below the directory could run a package's script
printf '[main]\ntsflags=noscripts\n' >"$root/etc/dnf/dnf.conf"
setup() { printf '{"packages": [%s]}\n' "$1" >"$dir/setup/manifests/system-packages.json"; }

root_path build >/dev/null
(cd "$BKT_SRC" && "$BKT_SRC/dev" cargo build --quiet -p bkt-cli)
here() { (root_exec dnf5 env HOME="$dir/home" XDG_STATE_HOME="$dir/home/state" "$@"); }
bkt() { here "${CARGO_TARGET_DIR:-$BKT_SRC/target}/debug/bkt" --root "$root" -C "$dir/setup" "$@"; }
dnf() { here dnf --installroot "$root" "$@"; }
packages() { bkt drift --json | jq -r '[.items[] | select(.id | startswith("pkg:")) | "\(.id) \(.shape)"] | sort | join(", ")'; }
record=$root/usr/lib/sysimage/libdnf5/packages.toml
answers() { find "$dir/home/state/bkt/answers" -type f -printf '%T@ %f %s\n' 2>/dev/null | sort; }

check "dnf is dnf5" bash -c 'grep -q "^dnf5 version 5" <<<"$1"' bash "$(here dnf --version)"
check "rpm is 6" bash -c 'grep -q "version 6" <<<"$1"' bash "$(here rpm --version)"

# the base, of which nothing is anyone's choice
dnf -qy install bkt-lab-base >/dev/null 2>&1
dnf -qy mark dependency bkt-lab-base >/dev/null 2>&1
setup '"htop", "tuned"'
check_is "declared packages are missing" "pkg:htop missing, pkg:tuned missing" packages
check "bkt installs them with dnf5" bkt apply --yes pkg:htop pkg:tuned
check_is "both are there, and their dependency is no change" "" packages
check_is "dnf5 records that a person chose them" "htop tuned" \
  sh -c 'sed -n "s/^\"\(.*\)\.noarch\" = {reason = \"User\"}/\1/p" "$1" | paste -sd" "' sh "$record"
setup '"tuned"'
check_is "what the setup does not mention is only here" "pkg:htop only_here" packages
check_is "dnf5 tells the same reasons when asked" "bkt-lab-base Dependency|htop User|tuned User|tuned-profiles Dependency" \
  sh -c 'LC_ALL=C sort | paste -sd"|"' < <(dnf -q '--disablerepo=*' repoquery --installed --qf '%{name} %{reason}\n')
check "bkt removes it with dnf5" bkt apply --yes pkg:htop
check_is "and it is gone" "" packages

# what a recipe says of a group and an exclusion, word for word as far as dnf goes
mkdir -p "$dir/image/manifests"
echo '{"packages": ["nano"], "groups": ["@lab-tools"], "excluded": ["strace"]}' >"$dir/image/manifests/system-packages.json"
echo "FROM scratch" >"$dir/image/Containerfile"
here "${CARGO_TARGET_DIR:-$BKT_SRC/target}/debug/bkt" -C "$dir/image" containerfile adopt --yes >/dev/null
sed -n '/^RUN dnf install/,/&& dnf clean all/p' "$dir/image/Containerfile" |
  sed "s|dnf|dnf --installroot $root|; s/^RUN //; \$ s/ \\\\$//" >"$dir/install.sh"
check "a recipe's line installs a group with dnf5" here sh -eu "$dir/install.sh"
check_is "with what it needs and has by default" "htop nano tuned" \
  sh -c 'paste -sd" "' < <(here rpm --root "$root" -q --qf '%{name}\n' htop nano tuned strace | grep -v "not installed")
check_is "and what came with the group is no one's choice" "pkg:nano only_here" packages
dnf -qy remove nano htop >/dev/null 2>&1

# Copr, spelled as bkt and as a recipe spell it. dnf5 writes to the computer it runs on, whatever directory is named, so
# its files go to a folder that is laid there
copr_certificate "$dir"
mkdir "$dir/repos"
cat >"$dir/copr.sh" <<'END'
dir=$1
{
  cat /etc/hosts
  echo 127.0.0.1 copr.fedorainfracloud.org
} >"$dir/hosts"
mount --bind "$dir/hosts" /etc/hosts
mount --bind "$dir/lab.pem" /etc/ssl/certs/ca-certificates.crt
mount --bind "$BKT_SRC/lab/sample/root/usr/lib/os-release" /usr/lib/os-release
mkdir -p /etc/yum.repos.d
mount --bind "$dir/repos" /etc/yum.repos.d
exec python3 "$BKT_SRC/lab/lib/copr.py" "$2" "$dir/certificate" sh -c "$3"
END
copr() { # COMMAND…
  (BKT_ROOT_IS_MOUNT=1 root_exec dnf5 unshare -nm --propagation unchanged bash "$dir/copr.sh" "$dir" "$(lab_repos)/copr" "$1")
}
switches() { grep -hE "^(\[|enabled=|gpgcheck=)" "$dir/repos/_copr:copr.fedorainfracloud.org:lab:$1.repo" | paste -sd' '; }
tools="[copr:copr.fedorainfracloud.org:lab:tools] gpgcheck=1 enabled"
needs="[copr:copr.fedorainfracloud.org:lab:needs] gpgcheck=1 enabled=1 [coprdep:needs_lab_invalid_repo] gpgcheck=0 enabled"
check "a project is added" copr 'printf "y\nn\n" | dnf copr enable lab/tools'
check_is "with its signatures checked" "$tools=1" switches tools
check "one that needs a repository which is not its own is added" copr 'printf "y\nn\n" | dnf copr enable lab/needs'
check_is "alone" "$needs=0" switches needs
cp "$dir/repos/_copr"* "$root/etc/yum.repos.d/"
check_is "which is how bkt reads it" "copr:lab/needs copr:lab/tools" \
  sh -c 'jq -r "[.items[] | select(.computer.enabled) | .id] | join(\" \")"' < <(bkt copr list --json)
rm "$root/etc/yum.repos.d/_copr"*
check "they are turned off, for a recipe with -y" copr 'printf "y\nn\n" | dnf copr disable lab/tools && dnf -y copr disable lab/needs'
check_is "one" "$tools=0" switches tools
check_is "and the other" "${needs/enabled=1/enabled=0}=0" switches needs
check_is "one that is not there is an error" 1 copr 'yes | dnf copr enable lab/nosuch >/dev/null 2>&1; echo $?'

# a reason dnf5 does not know, as most of an image has
here rpm --root "$root" -i --justdb --nodeps "$(lab_repos)/rpm/nano-8.6-1.noarch.rpm" >/dev/null 2>&1
check_is "what dnf5 has no reason for is no one's choice" "" packages

# failures keep their exit code and say why
setup '"tuned", "no-such-package"'
out=$(bkt apply --yes pkg:no-such-package 2>&1) && rc=0 || rc=$?
check "a package that is nowhere fails" test "$rc" != 0
check "with dnf5's own reason" grep -qi 'no match\|no-such-package' <<<"$out"
check_is "and it is still missing" "pkg:no-such-package missing" packages

# a script that fails afterwards takes nothing away: dnf5 says failed, and the package is there
printf '' >"$root/etc/dnf/dnf.conf"
setup '"tuned", "lab-post"'
out=$(bkt apply --yes pkg:lab-post 2>&1) && rc=0 || rc=$?
check_is "a package whose %post fails is installed" 0 echo "$rc"
check "and its script is named" grep -q 'lab-post was installed, but its %post script failed' <<<"$out"
check_is "it is there" "" packages
printf '[main]\ntsflags=noscripts\n' >"$root/etc/dnf/dnf.conf"

# the memory of rpm's answer
setup '"tuned"'
rm -rf "$dir/home/state/bkt/answers"
patience=$((SECONDS + 60))
until [ -d "$dir/home/state/bkt/answers" ] || [ "$SECONDS" -gt "$patience" ]; do packages >/dev/null; done # a fresh change is not relied on
check "rpm's answer is remembered" test -n "$(answers)"
before=$(answers)
packages >/dev/null
check_is "and not asked for again" "$before" answers
dnf -qy install htop >/dev/null 2>&1
check_is "but a changed database is seen at once" "pkg:htop only_here" packages
echo '[packages' >"$record"
check_is "a damaged record is unknown, not in sync" "unreadable" \
  sh -c 'jq -r ".unknown[] | select(.domain == \"pkg\") | .code"' < <(bkt status --json)
done_with_checks
