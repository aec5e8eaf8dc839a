# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Firmware and boot loader of an atomic host: takes the first boot entry and boots its deployment,
# with /usr read-only, the deployment's own /etc, the shared /var, and the entry's kernel arguments
# in /proc/cmdline. Everything else of a booted host is lab/lib/host.sh.

# atomic_boot NAME SYSROOT [NSPAWN-ARGS…]
atomic_boot() {
  local name=$1 sys state=$BKT_LAB/$1 entry deployment
  sys=$(readlink -f "$2") || return 1
  mkdir -p "$state"
  rm -f "$state/layers"
  entry=$(atomic_default "$sys") || die "no boot entry in $sys"
  deployment=$(jq -r .deployment <<<"$entry")
  jq -r '"BOOT_IMAGE=(hd0,gpt2)" + .linux + " " + .options' <<<"$entry" >"$state/cmdline"
  printf '%s\n' "$sys" >"$state/sysroot"
  printf '%s\n' "${@:3}" >"$state/atomic-args"
  # /proc is mounted from inside, where only the container's own files can be seen
  host_boot "$name" "$deployment" \
    --bind-ro="$deployment/usr:/usr" --bind-ro="$sys:/sysroot:norbind" --bind="$sys/boot:/boot" \
    --bind="$sys/ostree/deploy/default/var:/var" \
    --bind-ro="$state/cmdline:/run/host/cmdline" --bind-ro=/run/host/cmdline:/proc/cmdline "${@:3}"
}

# atomic_reboot NAME: reboots from inside and boots what the loader now chooses.
atomic_reboot() {
  host_exec "$1" systemctl --no-block reboot || return 1
  atomic_rebooted "$1"
}

# atomic_rebooted NAME: only waits for a reboot that something in the host asked for.
atomic_rebooted() {
  local name=$1 rc args
  rc=$(host_wait "$name")
  [ "$rc" = 133 ] || die "the lab host $name ended with $rc instead of rebooting; its log is $BKT_LAB/$name/log"
  mapfile -t args < <(grep -v '^$' "$BKT_LAB/$name/atomic-args")
  atomic_boot "$name" "$(cat "$BKT_LAB/$name/sysroot")" "${args[@]}"
}

# atomic_default SYSROOT: what a boot loader would choose: the entry with the highest version, as
# {linux, options, deployment}.
atomic_default() {
  local sys=$1 entry best='' highest=-1 version options link
  for entry in "$sys"/boot/loader/entries/*.conf; do
    [ -e "$entry" ] || return 1
    version=$(sed -n 's/^version //p' "$entry")
    if [ "$version" -gt "$highest" ]; then highest=$version best=$entry; fi
  done
  options=$(sed -n 's/^options //p' "$best")
  link=$(tr ' ' '\n' <<<"$options" | sed -n 's/^ostree=//p')
  jq -n --arg linux "$(sed -n 's/^linux //p' "$best")" --arg options "$options" \
    --arg deployment "$(readlink -f "$sys$link")" '{$linux, $options, $deployment}'
}
