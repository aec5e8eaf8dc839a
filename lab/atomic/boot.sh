# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Firmware and boot loader of an atomic host: takes the first boot entry and boots its deployment,
# with /usr read-only, the deployment's own /etc, the shared /var, and the entry's kernel arguments
# in /proc/cmdline.

# atomic_boot NAME SYSROOT [NSPAWN-ARGS…]
atomic_boot() {
  local name=$1 sys=$2 state=$BKT_LAB/$1 entry deployment options
  shift 2
  mkdir -p "$state"
  sys=$(readlink -f "$sys")
  entry=$(atomic_default "$sys") || die "no boot entry in $sys"
  deployment=$(jq -r .deployment <<<"$entry")
  options=$(jq -r .options <<<"$entry")
  printf '%s\n' "BOOT_IMAGE=(hd0,gpt3)$(atomic_linux "$sys") $options" >"$state/cmdline"
  printf '%s\n' "$sys" >"$state/sysroot"
  printf '%s\n' "$@" >"$state/args"
  host_start "$name" -D "$deployment" \
    --bind-ro="$deployment/usr:/usr" --bind="$sys:/sysroot" --bind="$sys/boot:/boot" \
    --bind="$sys/ostree/deploy/default/var:/var" --bind-ro="$state/cmdline:/run/host/cmdline" --bind-ro=/run/host/cmdline:/proc/cmdline "$@"
}

# atomic_reboot NAME: reboots from inside and boots what the loader now chooses.
atomic_reboot() {
  host_exec "$1" systemctl --no-block reboot || return 1
  atomic_rebooted "$1"
}

# atomic_rebooted NAME: waits for a reboot that something in the host asked for.
atomic_rebooted() {
  local name=$1 rc args
  rc=$(host_wait "$name")
  [ "$rc" = 133 ] || die "the lab host $name ended with $rc instead of rebooting; log $BKT_LAB/$name/log"
  mapfile -t args <"$BKT_LAB/$name/args"
  if [ "${args[*]}" = "" ]; then args=(); fi
  atomic_boot "$name" "$(cat "$BKT_LAB/$name/sysroot")" "${args[@]}"
}

atomic_linux() { grep -h '^linux ' "$1"/boot/loader/entries/*.conf | sort | sed -n '1s/^linux //p'; }
