#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The run after a new deployment on an atomic host, over five boots: nothing of a start waits for it, what fails keeps
# nothing else away and is tried again, and neither other kernel arguments nor a rollback make it run again.
. "$(dirname "$(readlink -f "$0")")/../atomic/all.sh"

HOST=first-boot-test-$$ # two runs at once do not meet
DISK=$BKT_CACHE/disks/$HOST
on() { host_exec "$HOST" "$@"; }
sam() { host_user "$HOST" sam "$@"; }
# What the unit says of itself, and what is remembered.
shown() { on systemctl show bkt-first-boot.service --property="$1" --value; }
marker() { on jq -c '[.complete, .failures, (.done | length)]' /var/lib/bkt/first-boot/first-boot.json; }
stamp() { on stat -c %Y.%i /var/lib/bkt/first-boot/first-boot.json; }
unit() { on sh -c 'echo $(systemctl is-enabled "$1") $(systemctl is-active "$1")' sh "$1"; }
steps() { on sh -c "journalctl --boot -u bkt-first-boot -o cat | grep -E '^\[./.\]' | sed -E 's/  [0-9.]+ s\$//; s/^\[.\/.\] +//'"; }
ended() { on systemctl start --wait bkt-first-boot.service 2>/dev/null || true; } # one that runs is only waited for

work=$(mktemp -d)
finish() {
  hosts_end
  mkdir -p "$BKT_SRC/target/test"
  cp "$BKT_LAB/$HOST/log" "$BKT_SRC/target/test/41-first-boot-console.log" || true
  rm -rf "$work" "${BKT_LAB:?}/$HOST"
  atomic_remove "$DISK"
}
trap finish EXIT

"$BKT_SRC/dev" cargo build --quiet -p bkt-cli --bins
layer=$work/layer
install -D -t "$layer/usr/bin" "$BKT_SRC/target/debug/bkt"
install -D -m 644 -t "$layer/usr/lib/systemd/system" "$BKT_SRC/systemd/system/bkt-first-boot.service"
unit_file() { install -D -m 644 /dev/stdin "$layer/usr/lib/systemd/system/$1"; } # NAME: from standard input
turned_on() { # NAME: as presets do it when the image is built
  mkdir -p "$layer/etc/systemd/system/multi-user.target.wants"
  ln -s "/usr/lib/systemd/system/$1" "$layer/etc/systemd/system/multi-user.target.wants/$1"
}
for name in one two off hook; do
  target=multi-user.target
  [ "$name" != hook ] || target=suspend.target
  printf '[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=%s\n' "$target" | unit_file "lab-$name.service"
done
# A job of the helper's that runs for as long as the gate is closed.
unit_file lab-job.service <<'END'
[Unit]
ConditionPathExists=/var/lib/lab-job
Before=bkt-first-boot.service
[Service]
Type=notify
NotifyAccess=all
ExecStartPre=mkdir -p /run/bkt
ExecStartPre=mkfifo /run/lab-gate
ExecStart=flock /run/bkt/executor.lock sh -c 'systemd-notify --ready; read -r _ </run/lab-gate'
END
turned_on bkt-first-boot.service
turned_on lab-job.service
turned_on lab-off.service

manifest() { install -D -m 644 /dev/stdin "$work/setup/manifests/$1.json"; }
image() { # VERSION SERVICES: what a recipe with that setup would build
  manifest systemd-services <<<"{ \"services\": { $2 } }"
  manifest flatpak-remotes <<'END'
{ "remotes": [ { "name": "later", "url": "file:///var/lib/lab/lab.flatpakrepo", "scope": "system" } ] }
END
  manifest system-config <<<'{ "kargs": { "append": ["preempt=full"], "remove": [] } }'
  atomic_build "$work/tree" --overlay "$layer" --setup "$work/setup"
  atomic_commit "$DISK" "$work/tree" "$ATOMIC_IMAGE" "$1"
}

atomic_init "$DISK"
image v1 '"lab-one.service": "enabled", "lab-off.service": "masked", "lab-hook.service": "enabled"'
atomic_deploy "$DISK" "$ATOMIC_IMAGE" --karg lab.old=1
touch "$DISK/ostree/deploy/default/var/lib/lab-job"
atomic_boot "$HOST" "$DISK"

# Nothing waits.
check_is "the host is up while the first setup still runs" "running active running" \
  sh -c 'echo "$1" "$2"' sh "$(on systemctl is-system-running)" "$(on sh -c 'echo $(systemctl is-active multi-user.target) $(systemctl show -P SubState bkt-first-boot)')"
check_is "no job is left" "" on systemctl list-jobs --no-legend
check "it waits for another change to end, and says so" \
  on timeout 60 bash -c 'grep -qm1 "^Waiting for another change" < <(exec journalctl -fb -u bkt-first-boot -o cat -n all 2>/dev/null)'
check_is "so far nothing is set up" "disabled inactive" unit lab-one.service
check_is "and that is what a person reads" "The first setup has not run yet." sam bkt first-boot --system --status
check "systemd orders no start after it" on sh -c '! systemctl show -P Before bkt-first-boot | grep -qw multi-user.target'

# What fails keeps nothing else away.
on sh -c 'echo go >/run/lab-gate'
ended
check_is "what it turned on runs, without a second restart" "enabled active" unit lab-one.service
check_is "what it masked does not" "masked inactive" unit lab-off.service
check_is "what belongs to a suspend waits for one" "enabled inactive" unit lab-hook.service
check_is "what could not be reached failed, and the unit says so" "failed exit-code 5" sh -c 'echo "$@"' sh \
  "$(shown ActiveState)" "$(shown Result)" "$(shown ExecMainStatus)"
check_is "it is not complete" "[false,1,null]" sh -c 'echo "$1"' sh "$(on jq -c '[.complete, .failures, .done]' /var/lib/bkt/first-boot/first-boot.json)"
check "a person reads what is left, and why" sam sh -c \
  'bkt first-boot --system --status | grep -A1 "not complete after 1 try" | grep -q "remote:later: .*lab.flatpakrepo"'
check "status says it, too" sam sh -c \
  'bkt -C /usr/share/bkt/setup status | grep -q "^First setup  not complete after 1 try (bkt first-boot --status)"'
check_is "and to programs" '"remote:later"' sam sh -c \
  'bkt -C /usr/share/bkt/setup status --json | jq -c ".first_boot.system.left[0].item"'
check "a notification would tell it" sam sh -c \
  'bkt -C /usr/share/bkt/setup notify -n | grep -q "^1 Item of the Setup Could Not Be Applied"'
check_is "no deployment was prepared" "" on sh -c 'ls /run/ostree/staged-deployment 2>/dev/null'

# The same image with other kernel arguments: what is left is tried again, and nothing else.
on sh -ec 'mkdir /var/lib/lab
  ln -s /usr/lib/bkt-lab/repos/flatpak/repo /var/lib/lab/repo
  sed "s|^Url=.*|Url=file:///var/lib/lab/repo|" /usr/lib/bkt-lab/repos/flatpak/lab.flatpakrepo >/var/lib/lab/lab.flatpakrepo'
on rm /var/lib/lab-job
on rpm-ostree kargs --delete-if-present=lab.old=1 >/dev/null
atomic_reboot "$HOST"
ended
check_is "only what was left is done" "done     Add the Flatpak remote later for everyone" steps
check_is "now it is complete" "[true,0]" on jq -c '[.complete, .failures]' /var/lib/bkt/first-boot/first-boot.json
check_is "which a person reads" 1 sam sh -c 'bkt first-boot --system --status | grep -c "^First setup for image sha256:.*: done.$"'
check "and status no longer speaks of it" sam sh -c '! bkt -C /usr/share/bkt/setup status | grep -q "^First setup"'

was=$(stamp)
booted=$(on sh -c 'rpm-ostree status --json | jq -r ".deployments[] | select(.booted) | \"\(.checksum).\(.serial)\""')
on rpm-ostree kargs --append-if-missing=lab.other=1 >/dev/null
atomic_reboot "$HOST"
check "another deployment of the same image runs" [ "$booted" != "$(on sh -c \
  'rpm-ostree status --json | jq -r ".deployments[] | select(.booted) | \"\(.checksum).\(.serial)\""')" ]
ended
check_is "it is not set up again" "$was" stamp
check_is "the unit ended well" "inactive success" sh -c 'echo "$@"' sh "$(shown ActiveState)" "$(shown Result)"

# A new image, and back.
image v2 '"lab-one.service": "enabled", "lab-off.service": "masked", "lab-two.service": "enabled"'
on bootc upgrade --quiet >/dev/null
atomic_reboot "$HOST"
ended
check_is "a new image is set up" "done     Enable lab-two.service
done     Start lab-two.service" steps
check_is "at once" "enabled active" unit lab-two.service
check_is "it is complete, and the image before is remembered" "[true,0,1]" marker
was=$(stamp)
on bootc rollback >/dev/null
atomic_reboot "$HOST"
ended
check_is "the image that was gone back to is not set up again" "$was" stamp
check_is "it is known as done" true on sh -c 'bkt first-boot --system --status --json | jq .done'
host_stop "$HOST"
check_is "the host powers off" 0 host_wait "$HOST"
done_with_checks
