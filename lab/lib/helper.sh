# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# A package-mode lab host with the helper alone, and what scenarios about the helper say to it. Uses HOST and PLAN.

on() { host_exec "$HOST" "$@"; }
as() { host_exec "$HOST" runuser -u "$1" -- "${@:2}"; }
make_plan() { on sh -c "submit plan $* >$PLAN && chmod 644 $PLAN"; } # ITEM…: from the state of now
root_applies() { make_plan "$@" && on sh -c "submit apply <$PLAN" | tail -n 1; }

# helper_host [CARGO-ARGS…]: boots it, with the programs in helper/examples.
helper_host() {
  local built=$BKT_SRC/target/debug example
  tree=$(mktemp -d)
  [ "${1:-}" != --release ] || built=$BKT_SRC/target/release
  "$BKT_SRC/dev" cargo build --quiet -p bkt-helper --bins --examples "$@"
  install -D -t "$tree/usr/libexec" "$built"/{bkt-helper,bkt-executor}
  for example in "$BKT_SRC"/helper/examples/*.rs; do
    install -D -t "$tree/usr/bin" "$built/examples/$(basename "$example" .rs)"
  done
  install -D -m 644 -t "$tree/usr/lib/bkt-lab" "$BKT_SRC"/lab/lib/{dialog,before_yes,fuzz_bus}.py
  install -D -m 644 -t "$tree/usr/lib/systemd/system" "$BKT_SRC"/systemd/system/bkt-{helper,executor@}.service
  install -D -m 644 -t "$tree/usr/share/dbus-1/system.d" "$BKT_SRC/data/dbus/org.bkt.Helper1.conf"
  install -D -m 644 -t "$tree/usr/share/dbus-1/system-services" "$BKT_SRC/data/dbus/org.bkt.Helper1.service"
  install -D -m 644 -t "$tree/usr/share/polkit-1/actions" "$BKT_SRC/data/polkit/org.bkt.helper.policy"
  helper_host_unit lab-sleeps.service 'ExecStart=/bin/sleep infinity'
  # what an administrator's plan may do again and again, and leaves a trace each time
  helper_host_unit lab-count.service 'Type=oneshot' 'ExecStart=/bin/sh -c "echo ran >>/run/lab-count"'
  package_host "$HOST" "$tree"
}
helper_host_unit() { # NAME LINE…
  printf '%s\n' '[Service]' "${@:2}" | install -D -m 644 /dev/stdin "$tree/usr/lib/systemd/system/$1"
}
helper_host_end() {
  hosts_end
  mkdir -p "$BKT_SRC/target/test"
  cp "$BKT_LAB/$HOST/log" "$BKT_SRC/target/test/$(basename "$0" .sh)-console.log" || true
  rm -rf "$tree" "${BKT_LAB:?}/$HOST"
}
