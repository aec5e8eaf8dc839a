#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The atomic lab host is a real one below the two stand-ins: staged deployments, read-only /usr, the
# merge of /etc, kernel arguments, rollback, and GNOME with its notifications.
. "$(dirname "$(readlink -f "$0")")/../atomic/all.sh"

HOST=atomic-test-$$ # two runs at once do not meet
DISK=$BKT_CACHE/disks/$HOST
PICTURES=$BKT_SRC/target/test
on() { host_exec "$HOST" "$@"; }
sam() { host_user "$HOST" sam "$@"; }
status() { on bootc status --format=json --format-version=1 | jq -r "$1"; }
booted_version() { status .status.booted.image.version; }
fields() { jq -c '[paths | map(select(type == "string")) | join(".")] | unique'; }
status_fields() { on bootc status --format=json | fields; }
system() { sam bkt system --json | jq -cr "$1"; }
system_roles() { system '[.deployments[] | "\(.role) \(.version)"]'; }
packages() { sam bkt system diff --json "$@" | jq -cr '[.packages[] | "\(.change) \(.name)"]'; }
seen() { session_notifications "$HOST" sam | jq -c '.[0] | [.title, .body, .buttons]'; }

work=$(mktemp -d)
finish() {
  hosts_end
  mkdir -p "$PICTURES"
  cp "$BKT_LAB/$HOST/log" "$PICTURES/20-atomic-console.log" || true
  rm -rf "$work" "${BKT_LAB:?}/$HOST"
  atomic_remove "$DISK"
}
trap finish EXIT

image() { # VERSION KARGS-LINE LAYER-OPTIONS…: publishes one version
  mkdir -p "$work/$1/usr/lib/bootc/kargs.d" "$work/$1/etc"
  install -D -t "$work/$1/usr/bin" "$BKT_SRC/target/debug/bkt"
  echo "kargs = [$2]" >"$work/$1/usr/lib/bootc/kargs.d/10-lab.toml"
  printf 'from the image\n%s\n' "$1" >"$work/$1/etc/lab.conf"
  printf 'from the image\n%s\n' "$1" >"$work/$1/etc/lab-untouched.conf"
  atomic_build "$work/tree" --overlay "$work/$1" "${@:3}"
  atomic_commit "$DISK" "$work/tree" "$ATOMIC_IMAGE" "$1"
}

"$BKT_SRC/dev" cargo build --quiet -p bkt-cli --bins
atomic_init "$DISK"
image v1 '"quiet", "lab.old=1"'
atomic_deploy "$DISK" "$ATOMIC_IMAGE" --karg lab.local=1
atomic_boot "$HOST" "$DISK"

check_is "the host is up" running on systemctl is-system-running
check_is "nothing on it failed" "" on systemctl --failed --quiet --no-legend
check_is "/usr is read-only" "touch: cannot touch '/usr/x': Read-only file system" on touch /usr/x
check_is "/sysroot is read-only" "touch: cannot touch '/sysroot/x': Read-only file system" on touch /sysroot/x
check "the kernel arguments are those of the boot entry" \
  on grep -qE ' root=LABEL=lab rw quiet lab.old=1 lab.local=1 ostree=/ostree/boot' /proc/cmdline
check_is "the rpm database belongs to the image" bkt-lab-base on rpm -qa --qf '%{name}'
check_is "bootc is the documented version" "bootc 1.16.9" on bootc --version
check_is "v1 is booted" v1 booted_version
check_is "its digest is a digest" 71 status '.status.booted.image.imageDigest | length'
check_is "sam may not ask bootc" \
  "error: Status: Preparing for write: Querying root privilege: This command must be executed as the root user" \
  sam bootc status --json
check_is "sam may ask rpm-ostree" true sam sh -c 'rpm-ostree status --json | jq .deployments[0].booted'
check_is "sam may not change kernel arguments" 1 sam sh -c 'rpm-ostree kargs --append=x=1 >/dev/null 2>&1; echo $?'
check_is "there is nothing to roll back to" "error: Rollback: Rollback (ostree): No rollback available" on bootc rollback
check_is "there is no bootc kargs" 2 on sh -c 'bootc kargs >/dev/null 2>&1; echo $?'
check_is "what the base does not hold is not taken out of it" 'error: Package "htop" not found' on rpm-ostree override remove htop
check_is "what the stand-in cannot do is refused by name" "error: \`finalize-deployment\` is not supported by this stand-in" on rpm-ostree finalize-deployment

check_is "bkt knows the kind and the one version" 'image ["booted v1"]' \
  system '"\(.host.kind) \([.deployments[] | "\(.role) \(.version)"])"'
check_is "with one version there is nothing to compare" 6 sam sh -c 'bkt system diff >/dev/null 2>&1; echo $?'
check_is "and nothing waits" false sam sh -c 'bkt system staged --json | jq .has_staged'
check_is "nobody updates this host" null system .updates.handled_by

check_is "without a new image there is no update" "No update available." on sh -c 'bootc upgrade | tail -n 1'
check "rpm-ostree stages kernel arguments" on rpm-ostree kargs --append-if-missing=zswap.enabled=1
check_is "and prints those of the next boot" "root=LABEL=lab rw quiet lab.old=1 lab.local=1 zswap.enabled=1" sam rpm-ostree kargs
check_is "again is no change" 77 on sh -c 'rpm-ostree kargs --append-if-missing=zswap.enabled=1 --unchanged-exit-77 >/dev/null; echo $?'
check_is "a staged deployment is not booted" "true false" \
  sam sh -c 'rpm-ostree status --json | jq -r ".deployments[0] | \"\(.staged) \(.booted)\""'

image v2 '"quiet", "lab.new=1"' --packages htop
check "a new image is seen" on sh -c 'bootc upgrade --check | grep -q "Version: v2"'
check_is "and remembered" v2 status .status.booted.cachedUpdate.version
check "an update can be downloaded only" on bootc upgrade --download-only
check_is "which a reboot would discard" "v2 true" status '.status.staged | "\(.image.version) \(.downloadOnly)"'
check "or be applied after all" on bootc upgrade --from-downloaded
check_is "which a reboot then takes" "v2 false" status '.status.staged | "\(.image.version) \(.downloadOnly)"'
check "a staged deployment can be taken back" on ostree admin undeploy 0
check_is "progress goes to a pipe" "Start ProgressBytes ProgressSteps" \
  on sh -c 'bootc upgrade --quiet --progress-fd 3 3>&1 >/dev/null | jq -r .type | uniq | paste -sd" "'
check_is "the update is staged" "v2 ostreeContainer" status '.status.staged | "\(.image.version) \(.store)"'
check_is "staged, status has the recorded fields" \
  "$(fields <"$BKT_SRC/core/fixtures/bootc/status-staged.json")" status_fields
check_is "again is no change" "Staged update present, not changed" on sh -c 'bootc upgrade | tail -n 1'
check_is "an update forgets what was only staged" 0 on sh -c 'rpm-ostree kargs | grep -c zswap'
check "kernel arguments go on top of the update" on rpm-ostree kargs --append-if-missing=zswap.enabled=1
check "as do those of a named source" on bootc loader-entries set-options-for-source --source bkt --options "bkt.a=1 bkt.b=2"
check_is "the staged image stays the update" v2 status .status.staged.image.version
karg() { sam bkt admin kargs list --json | jq -c ".arguments[] | select(.argument == \"$1\") | [.running, .next, .from.kind]"; }
check_is "bkt tells the image's argument that goes with the update" '[true,false,"image"]' karg lab.old=1
check_is "the one that comes with it" '[false,true,"image"]' karg lab.new=1
check_is "one that stays" '[true,true,"image"]' karg quiet
check_is "and one of this computer that comes with the restart" '[false,true,"computer"]' karg zswap.enabled=1
check_is "root is told whose an argument is" '[false,true,"setup"]' on sh -c \
  'mkdir -p /run/setup/manifests; echo "{\"kargs\": {\"append\": [\"bkt.a=1\"]}}" >/run/setup/manifests/system-config.json
   bkt -C /run/setup admin kargs list --json | jq -c ".arguments[] | select(.argument == \"bkt.a=1\") | [.running, .next, .from.kind]"'
check_is "what the image provides is not removed here" "not_possible 10-lab.toml" on sh -c \
  'bkt -C /run/setup admin kargs remove quiet --yes --json | jq -r ".error | .code + \" \" + (.message | capture(\"(?<file>[^/]*toml)\").file)"'

check_is "bkt sees it waiting" '["booted v1","staged v2"]' system_roles
check_is "and the package it brings, from both databases" '["added htop"]' packages
check_is "which is gone the other way round" '["removed htop"]' packages staged booted
check_is "both have their image, digest and time of building" true \
  system '[.deployments[] | .image != null and (.digest | length) == 71 and .timestamp != null] | all'
check_is "the restart is told with its packages" "1 added" sam sh -c 'bkt system 2>/dev/null | grep -o "1 added"'
told=$(system '[.deployments[] | [.role, .id, .image, .stateroot, .pinned]]')
on mount --bind /dev/null /usr/bin/rpm-ostree
check_is "without rpm-ostree sam reads the same from the disk" "$told" \
  system '[.deployments[] | [.role, .id, .image, .stateroot, .pinned]]'
check_is "with the same packages" '["added htop"]' packages
on umount /usr/bin/rpm-ostree

on sh -c 'echo "by hand" >/etc/lab.conf; echo added >/etc/added.conf; echo kept >/var/kept'
atomic_reboot "$HOST"

check_is "after the reboot v2 is booted" v2 booted_version
check_is "v1 is the rollback" v1 status .status.rollback.image.version
check_is "nothing is staged" null status .status.staged
check_is "bkt names both by what they are now" '["booted v2","rollback v1"]' system_roles
check_is "and compares the last restart" '["added htop"]' packages
check "a version can be kept" on ostree admin pin 1
check_is "which bkt tells" '[false,true]' system '[.deployments[].pinned]'
check "and is let go again" on ostree admin pin --unpin 1

on sh -c 'cd /etc/systemd/system
  printf "[Service]\nType=oneshot\nExecStart=/bin/true\n" >uupd.service
  printf "[Timer]\nOnCalendar=yearly\n[Install]\nWantedBy=timers.target\n" >uupd.timer
  systemctl daemon-reload; systemctl enable --quiet --now uupd.timer; systemctl start uupd.service'
check_is "an updater that works is named, with its last success" "uupd true null" \
  system '.updates | "\(.handled_by) \(.last_success != null) \(.stopped)"'
on sh -c 'sed -i s/true/false/ /etc/systemd/system/uupd.service; systemctl daemon-reload; systemctl start uupd.service' || true
check_is "one that fails is told" "failed uupd.service" system '.updates.stopped | "\(.why) \(.unit)"'
check_is "to people too, in the line of the updates" 1 sam sh -c 'bkt system 2>/dev/null | grep -c "the last update by uupd failed today"'
on sh -c 'systemctl stop uupd.timer; systemctl reset-failed'
check_is "an enabled timer that does not run is told" "not-running uupd.timer" system '.updates.stopped | "\(.why) \(.unit)"'
on sh -c 'systemctl disable --quiet uupd.timer; rm /etc/systemd/system/uupd.*; systemctl daemon-reload'
check "kernel arguments: the image's follow it, the others stay" \
  on grep -qE ' root=LABEL=lab rw quiet lab.local=1 lab.new=1 zswap.enabled=1 bkt.a=1 bkt.b=2 ostree=' /proc/cmdline
check "the boot entry names their source" on grep -rq '^x-options-source-bkt bkt.a=1 bkt.b=2$' /boot/loader/entries
check_is "a changed file of /etc stays" "by hand" on cat /etc/lab.conf
check_is "an added one too" added on cat /etc/added.conf
on mkdir -p /run/setup/manifests
etc() { # FILE: how bkt sees it: changed or added, and whether the image has a newer one
  sam bkt -q -C /run/setup etc list --json |
    jq -c ".items[] | select(.id == \"etc:$1\") | [.computer.image != null, .computer.image_changed == true]"
}
check_is "bkt tells that the image has a newer version of the changed one" '[true,true]' etc /etc/lab.conf
check_is "that the image has none of the added one" '[false,false]' etc /etc/added.conf
check_is "nothing of the untouched one" "" etc /etc/lab-untouched.conf
check_is "and nothing of what the computer writes itself" "" etc /etc/machine-id
check "it shows the image's and this computer's lines" grep -A9 'a: image' <(sam bkt -C /run/setup etc diff lab.conf)
check_is "an untouched one follows the image" v2 on sed -n 2p /etc/lab-untouched.conf
check "and says into which folders sam may not look" grep '/etc/credstore' <(sam bkt -C /run/setup etc list 2>&1)
# the helper is not in this image; below a directory root does it itself
on sh -c 'mkdir /run/system; mount --bind / /run/system; mount --bind /etc /run/system/etc'
here() { on bkt --root /run/system -C /run/setup "$@" --yes; }
check "root puts the changed one back" here etc restore /etc/lab.conf
check_is "to the version of the image" v2 on sed -n 2p /etc/lab.conf
check_is "which is then no difference" "" etc /etc/lab.conf
check "and takes it back" here undo
check_is "to what was there" "by hand" on cat /etc/lab.conf
on umount --recursive /run/system
check_is "/var is shared" kept on cat /var/kept
check_is "the package of the recipe is there" "htop 3.4.1-1" on htop
check_is "dnf knows what it is on" 1 on sh -c 'dnf --assumeyes install nano 2>&1 | grep -c "configured to be read-only. Pass --transient"'

check "usr-overlay" on bootc usr-overlay
check "makes /usr writable" on touch /usr/x
check_is "which status says" "readWrite transient" \
  status '.status.usrOverlay | "\(.accessMode) \(.persistence)"'
check "a second time is refused" on sh -c '! bootc usr-overlay'

check "GNOME starts" session_start "$HOST" sam
notify() {
  sam gdbus call --session -d org.freedesktop.Notifications -o /org/freedesktop/Notifications \
    -m org.freedesktop.Notifications.Notify Bucket 0 "" "3 changes" "Since the last start" \
    '["default", "Open", "review", "Review"]' '{}' -- -1
}
check "a program notifies" notify
check_is "the person sees it, with its button" '["3 changes","Since the last start",["Review"]]' seen
check "a picture of it" session_shot "$HOST" sam "$PICTURES/20-atomic-notification.png"
check "which is a PNG" grep -qa PNG "$PICTURES/20-atomic-notification.png"
check "its button can be pressed" session_click_notification "$HOST" sam 0 Review
check_is "which takes it away" '[]' session_notifications "$HOST" sam
application() {
  sam gdbus call --session -d org.gtk.Notifications -o /org/gtk/Notifications \
    -m org.gtk.Notifications.AddNotification org.gnome.Shell.Extensions one \
    "{'title': <'From an application'>, 'body': <'Text'>, 'buttons': <[{'label': <'Show'>, 'action': <'app.show'>}]>}"
}
check "an application notifies" application
check_is "the person sees that too" '["From an application","Text",["Show"]]' seen

check_is "rollback queues v1" "Next boot: rollback deployment" on bootc rollback
check_is "which status says" "true rollback" status '"\(.status.rollbackQueued) \(.spec.bootOrder)"'
check_is "bkt names the next start" '["rollback v1"]' system '[.deployments[] | select(.next) | "\(.role) \(.version)"]'
atomic_reboot "$HOST"
check_is "and boots it" v1 booted_version
check_is "with its own /etc" v1 on sed -n 2p /etc/lab-untouched.conf
check_is "and the writable /usr is gone" null status .status.usrOverlay
host_stop "$HOST"

atomic_layer "$DISK" tmux
printf '[overrides]\nremove=nano;\n' >>"$(atomic_origin "$DISK")"
atomic_boot "$HOST" "$DISK"
check "dnf --transient installs" on dnf --quiet --assumeyes --transient install htop
check_is "it runs" "htop 3.4.1-1" on htop
check_is "and is marked as gone by the next boot" "readOnly transient" \
  status '.status.usrOverlay | "\(.accessMode) \(.persistence)"'
check_is "bkt tells what was layered, taken out, and from which image" "layered true true [\"tmux\"] [\"nano\"]" \
  system '"\(.host.kind) \(.deployments[0] | "\(.incompatible) \(.image != null) \(.layered) \(.removed)")"'
check_is "a layered host is incompatible, its image blank" "true null" status '.status.booted | "\(.incompatible) \(.image)"'
check_is "and bootc will not update it" \
  "error: Upgrading: Deployment contains local rpm-ostree modifications; cannot upgrade via bootc. You can run \`rpm-ostree reset\` to undo the modifications." \
  on bootc upgrade
host_stop "$HOST"

atomic_follow_remote "$DISK"
atomic_boot "$HOST" "$DISK"
check_is "a host of an ostree remote is booted, with no image" "ostree null null" \
  status '"\(.status.booted | keys[] | select(. == "ostree")) \(.status.booted.image) \(.spec.image)"'
check_is "rpm-ostree names the remote" fedora:fedora/44/x86_64/silverblue \
  sam sh -c 'rpm-ostree status --json | jq -r ".deployments[0].origin"'
check_is "and bkt follows it" "ostree fedora:fedora/44/x86_64/silverblue" system '"\(.host.kind) \(.deployments[0].remote)"'
host_stop "$HOST"
check_is "the host powers off" 0 host_wait "$HOST"
done_with_checks
