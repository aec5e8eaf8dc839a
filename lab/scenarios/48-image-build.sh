#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A Containerfile that was adopted, and was brought in step with manifests that changed since, makes an image as it is,
# by real buildah and real dnf; the image has what the setup says now, and a computer that runs it has nothing left to
# do after its first boot.
. "$(dirname "$(readlink -f "$0")")/../image/all.sh"

HOST=image-build-$$
DISK=$BKT_CACHE/disks/$HOST
IMAGES=$BKT_CACHE/disks/$HOST.images
on() { host_exec "$HOST" "$@"; }
as() { host_user "$HOST" "$@"; }

work=$(mktemp -d)
finish() {
  hosts_end
  rm -rf "$work" "${BKT_LAB:?}/$HOST"
  remove_tree "$IMAGES"
  atomic_remove "$DISK"
}
trap finish EXIT
setup=$work/setup
bkt_in() { (BKT_BIND=$work root_exec build env HOME="$work" BKT_FORCE_HOST=1 "$bkt_program" -C "$@"); } # SETUP ARGS…
bkt() { bkt_in "$setup" "$@"; }
code() {
  local code=0
  "$@" >/dev/null 2>&1 || code=$?
  echo "$code"
}

"$BKT_SRC/dev" cargo build --quiet -p bkt-cli
bkt_program=${CARGO_TARGET_DIR:-$BKT_SRC/target}/debug/bkt
installed=$(installed_tree)
image_init "$IMAGES"

# What a release publishes, as the last lines of Bucket's own Containerfile make it
mkdir -p "$setup/manifests" "$work/release"
cp -r "$installed" "$work/release/install"
printf 'FROM scratch AS files\nCOPY install/ /\n' >"$work/release/Containerfile"

# The setup as it was when its recipe was adopted
manifest() { cat >"$setup/manifests/$1.json"; }
manifest system-packages <<'END'
{
  "packages": ["cups-lab", "sshd-lab", "starship", "strace"],
  "excluded": ["powertop"],
  "copr_repos": ["lab/tools"]
}
END
manifest system-config <<'END'
{
  "kargs": { "append": ["preempt=full", "lab.gone=1"], "remove": ["quiet"] },
  "systemd": { "disable": ["sshd-lab.service"], "mask": ["bluez-lab.service"] }
}
END
manifest host-shims <<<'{ "shims": [{ "name": "nmcli" }] }'
manifest gsettings <<'END'
{
  "settings": [
    { "schema": "org.gnome.desktop.interface", "key": "clock-format", "value": "'12h'" }
  ]
}
END
mkdir -p "$setup/skel/.config/lab" "$setup/system/etc/lab"
echo 'theme = "dark"' >"$setup/skel/.config/lab/look.toml"
echo 'from the setup' >"$setup/system/etc/lab/lab.conf"
printf '#!/bin/sh\necho run\n' >"$setup/system/etc/lab/run"
chmod 700 "$setup/system/etc/lab/run"
echo 'pkg:nano' >"$setup/.bktignore"
cat >"$setup/Containerfile" <<END
FROM $IMAGE_BASE
LABEL containers.bootc=1

RUN bootc container lint
END

check_is "a recipe without the sections is drift to a hook and to CI" 3 code bkt containerfile check
cp "$setup/Containerfile" "$work/begun"
check "they are inserted" bkt containerfile adopt --all --yes
check_is "and then nothing differs" 0 code bkt containerfile check
check_is "all eight are there, the lint is last" "8 RUN bootc container lint" \
  sh -c 'echo "$(grep -c "managed by bkt" "$1/Containerfile") $(tail -n 1 "$1/Containerfile")"' sh "$setup"

# What a person has between the sections and around them: a word before the first stage, an instruction, blanks at the
# end of a line, a tab alone in one, and a last line that does not end
recipe=$setup/Containerfile
sed -i -e '1i # Ours' -e $'/^# === END SYSTEM_PACKAGES ===$/a \\\nRUN echo ours > /usr/share/lab-ours   \\\n\t' "$recipe"
truncate --size=-1 "$recipe"
outside() { LC_ALL=C sed '/^# === .* (managed by bkt) ===$/,/^# === END .* ===$/{//!d}' "$1"; }
sections() { LC_ALL=C sed -n '/^# === .* (managed by bkt) ===$/,/^# === END .* ===$/p' "$1"; }
outside "$recipe" >"$work/outside"
check "its own lines stand outside of the sections" grep -q lab-ours "$work/outside"
check_is "and are no difference" 0 code bkt containerfile check

# The manifests change, by hand: each gains something, two lose something
manifest system-packages <<'END'
{
  "packages": ["cups-lab", "htop", "sshd-lab", "starship"],
  "excluded": ["powertop"],
  "copr_repos": ["lab/tools"]
}
END
manifest system-config <<'END'
{
  "kargs": { "append": ["preempt=full", "lab.text=a,b"], "remove": ["quiet"] },
  "systemd": { "enable": ["cups-lab.service"], "disable": ["sshd-lab.service"], "mask": ["bluez-lab.service"] }
}
END
manifest host-shims <<<'{ "shims": [{ "name": "docker", "host": "podman compose" }, { "name": "nmcli" }] }'
changed="SYSTEM_PACKAGES HOST_SHIMS KERNEL_ARGUMENTS SYSTEMD_UNITS"
cp "$recipe" "$work/stale"
check_is "manifests that changed are drift, too" 3 code bkt containerfile check
check_is "the sections they concern are named, and no others" "$changed" \
  sh -c 'sed -n "s/^  \([A-Z_]*\)  *[0-9]* lines differ$/\1/p" | paste -sd" "' < <(bkt containerfile check 2>/dev/null)
check_is "to a program as well" "$changed" \
  jq -r '[.sections[] | select(.state == "out-of-date") | .name] | join(" ")' < <(bkt containerfile check --json)
check "to look changes nothing" cmp "$work/stale" "$recipe"
check_is "sync says which sections it wrote" "${changed// /, }" \
  sed -n 's/^Updated \(.*\) (+.*/\1/p' < <(bkt containerfile sync)
check_is "and then nothing differs any more" 0 code bkt containerfile check
check "every byte outside of the sections is as it was" cmp "$work/outside" <(outside "$recipe")
check "the last line still does not end" sh -c '[ "$(tail -c 4 "$1")" = lint ]' sh "$recipe"
mkdir "$work/fresh"
cp -r "$setup/." "$work/fresh"
cp "$work/begun" "$work/fresh/Containerfile"
check "the same manifests, adopted now" bkt_in "$work/fresh" containerfile adopt --all --yes
check "make the same sections" cmp <(sections "$work/fresh/Containerfile") <(sections "$recipe")
released=$(sed -n 's/^COPY --from=\([^ ]*\) .*/\1/p' "$setup/Containerfile")
check "the release it copies Bucket from" image_build "$IMAGES" "$released" "$work/release"
built() { image_build "$IMAGES" "$ATOMIC_IMAGE" "$setup" >"$work/build.log" 2>&1 || { tail -n 20 "$work/build.log" && false; }; }
check "the recipe is built as sync left it" built
check_is "its last step has nothing to object to" "Checks passed: 7" \
  sh -c 'sed -n "/RUN bootc container lint/,/^COMMIT/p" "$1" | sed "1d;\$d"' sh "$work/build.log"
[ "$failed" = 0 ] || cat "$work/build.log" >&2

# What is in the image
look() { image_look "$IMAGES" "$ATOMIC_IMAGE" "$1"; }
kargs() { look 'chroot . bootc container inspect --json' | jq -c .kargs; }
check_is "the packages are in it, the one of the Copr with a good signature; neither the excluded one nor the one taken out" \
  "cups-lab git-core htop libadwaita sshd-lab starship | package powertop is not installed package strace is not installed" \
  look 'chroot . rpm -q cups-lab git-core htop libadwaita sshd-lab starship --qf "%{name} " && echo "|" $(chroot . rpm -q powertop strace)'
check_is "what stands between the sections was done, too" ours look 'cat usr/share/lab-ours'
check_is "the key of the Copr is the only one rpm was given" 1 look 'chroot . rpm -q gpg-pubkey | wc -l'
check_is "the Copr is switched off" "enabled=0" look 'grep -h ^enabled= etc/yum.repos.d/*copr*'
check_is "units are as the setup says" "enabled disabled masked enabled" \
  look 'for unit in cups-lab sshd-lab bluez-lab bkt-first-boot; do chroot . systemctl is-enabled $unit.service 2>/dev/null; done | paste -sd" "'
check_is "bootc reads the kernel arguments, without what the setup takes out of the base's" \
  '["lab.image=1","preempt=full","lab.text=a,b"]' kargs
check_is "shims are programs, and new accounts have links to them" \
  "755 755 | /run/host/usr/libexec/bkt/shims/docker /run/host/usr/libexec/bkt/shims/nmcli" \
  look 'stat -c %a usr/libexec/bkt/shims/* | paste -sd" " | tr "\n" " "; echo "| $(readlink etc/skel/.local/bin/* | paste -sd" ")"'
check_is "files of /etc have the permissions git keeps" "644 root lab.conf|755 root run" \
  look 'cd etc/lab; stat -c "%a %U %n" * | paste -sd"|"'
check_is "the setup is baked, readable for everyone" \
  ".bktignore manifests/gsettings.json manifests/host-shims.json manifests/system-config.json manifests/system-packages.json revision skel/.config/lab/look.toml" \
  look 'cd usr/share/bkt/setup; find . -type f -perm -a+r -printf "%P\n" | LC_ALL=C sort | paste -sd" "'
check_is "nothing is left in what an image must not fill" "" \
  look 'find run tmp var -mindepth 1 ! -type d; find etc -name "*.rpmnew" -o -name "*.rpmsave"; ls -d usr/etc 2>/dev/null'
folders='stat -c "%n %a %U" . etc etc/skel usr usr/bin usr/lib usr/libexec usr/share'
check_is "the folders of the base are as they were" "$(image_look "$IMAGES" "$IMAGE_BASE" "$folders")" look "$folders"

# A Copr and no package: no other section cleans up after dnf
bare=$work/bare
mkdir -p "$bare/manifests"
echo '{ "copr_repos": ["lab/tools"] }' >"$bare/manifests/system-packages.json"
cp "$work/begun" "$bare/Containerfile"
check "a Copr is all there is to add" bkt_in "$bare" containerfile adopt --yes
with_copr() { image_build "$IMAGES" registry.lab/copr "$bare" >"$work/copr.log" 2>&1; }
check "that is built, too" with_copr
check_is "and the lint has nothing to object to" "Checks passed: 7" \
  sh -c 'sed -n "/RUN bootc container lint/,/^COMMIT/p" "$1" | sed "1d;\$d"' sh "$work/copr.log"
check_is "the Copr is there, and off" "enabled=0" image_look "$IMAGES" registry.lab/copr 'grep -h ^enabled= etc/yum.repos.d/*copr*'
check_is "/var has no more than its folders" "" image_look "$IMAGES" registry.lab/copr 'find var -mindepth 2'

# A computer that runs it
atomic_init "$DISK"
check "the image is put on a disk" image_commit "$IMAGES" "$DISK" "$ATOMIC_IMAGE" v1
atomic_deploy "$DISK" "$ATOMIC_IMAGE"
atomic_boot "$HOST" "$DISK"
check_is "a computer runs it" running on systemctl is-system-running
check_is "nothing on it failed" "" on systemctl --failed --quiet --no-legend
check "with its kernel arguments" on grep -q ' lab.image=1 preempt=full lab.text=a,b ' /proc/cmdline
check_is "and without the one it takes out" 0 on sh -c 'grep -cw quiet /proc/cmdline'
check "first boot ends well" on systemctl start --wait bkt-first-boot.service
check_is "first boot is complete" "[true,0]" on jq -c '[.complete, .failures]' /var/lib/bkt/first-boot/first-boot.json
check_is "the service runs" active on systemctl is-active cups-lab.service
check_is "the others do not" "inactive inactive" on sh -c 'systemctl is-active sshd-lab bluez-lab | paste -sd" "'

# An account from before the image, and one that is made on it
on useradd --create-home --home-dir /var/home/kim --shell /bin/bash kim
drift() { as "$1" bkt drift --json | jq -c '[[.items[].id], .unknown]'; }
for person in sam kim; do
  on systemctl start "user@$(on id -u "$person").service"
  as "$person" cp -r /usr/share/bkt/setup setup
  as "$person" git -C setup init --quiet --initial-branch=main
  check "first boot of $person ends well" as "$person" systemctl --user start --wait bkt-first-boot.service
  check_is "the setting is $person's, too" "'12h'" as "$person" gsettings get org.gnome.desktop.interface clock-format
  check_is "and the file of the home" 'theme = "dark"' as "$person" cat .config/lab/look.toml
  check_is "for $person nothing differs and nothing is unknown" '[[],[]]' drift "$person"
  check "and bkt says so" as "$person" sh -c 'bkt status | grep -q "Everything matches"'
done
host_stop "$HOST"
done_with_checks
