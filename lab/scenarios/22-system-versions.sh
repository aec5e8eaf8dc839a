#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The versions of an atomic host through bkt and its helper, as an ordinary person whom polkit asks on a terminal: a
# newer one, another image, the one before; a package that is tried at once; kernel arguments where bootc alone sets
# them. What may not be is refused.
. "$(dirname "$(readlink -f "$0")")/../atomic/all.sh"

HOST=versions-test-$$ # two runs at once do not meet
DISK=$BKT_CACHE/disks/$HOST
OTHER=registry.lab/other:latest
on() { host_exec "$HOST" "$@"; }
sam() { host_user "$HOST" sam "$@"; }
typed() { # [QUESTION=ANSWER]… -- COMMAND…: on a terminal of a session of sam's
  on systemd-run --quiet --collect --wait --pipe --uid=sam -p PAMName=login -p WorkingDirectory=/var/home/sam -- \
    python3 /usr/lib/bkt-lab/typed.py "$@"
}
agreed() { typed "Run this plan?=y" Password:=lab -- bkt admin bootc "$@"; }
status() { on bootc status --format=json --format-version=1 | jq -r "$1"; }
refused() { sam sh -c "bkt --json $* 2>/dev/null | jq -r '.error | \"\\(.code) \\(.exit)\"'"; }
roles() { sam bkt system --json | jq -cr '[.deployments[] | "\(.role) \(.version)\(if .next then " next" else "" end)"]'; }

work=$(mktemp -d)
finish() {
  hosts_end
  mkdir -p "$BKT_SRC/target/test"
  cp "$BKT_LAB/$HOST/log" "$BKT_SRC/target/test/22-system-versions-console.log" || true
  rm -rf "$work" "${BKT_LAB:?}/$HOST"
  atomic_remove "$DISK"
}
trap finish EXIT

"$BKT_SRC/dev" cargo build --quiet -p bkt-cli -p bkt-helper --bins
layer=$work/layer
install -D -t "$layer/usr/bin" "$BKT_SRC/target/debug/bkt"
install -D -t "$layer/usr/libexec" "$BKT_SRC"/target/debug/{bkt-helper,bkt-executor}
install -D -m 644 -t "$layer/usr/lib/systemd/system" "$BKT_SRC"/systemd/system/*.service
install -D -m 644 -t "$layer/usr/share/dbus-1/system.d" "$BKT_SRC/data/dbus/org.bkt.Helper1.conf"
install -D -m 644 -t "$layer/usr/share/dbus-1/system-services" "$BKT_SRC/data/dbus/org.bkt.Helper1.service"
install -D -m 644 -t "$layer/usr/share/polkit-1/actions" "$BKT_SRC/data/polkit/org.bkt.helper.policy"
install -D -m 644 "$BKT_SRC/lab/lib/typed.py" "$layer/usr/lib/bkt-lab/typed.py"
"$BKT_SRC/dev" shell bash -c '. lab/lib/topgrade.sh && topgrade_tool'
install -D -t "$layer/usr/bin" "$BKT_CACHE/tools/bin/topgrade"
install -D -m 644 <(echo "of the image") "$layer/etc/lab.conf"
install -D -m 644 <(echo 'kargs = ["quiet"]') "$layer/usr/lib/bootc/kargs.d/10-lab.toml"
publish() { # IMAGE VERSION OPTION…: the same system under another version
  atomic_build "$work/tree" --overlay "$layer" "${@:3}"
  atomic_commit "$DISK" "$work/tree" "$1" "$2"
}

atomic_init "$DISK"
publish "$ATOMIC_IMAGE" v1
atomic_deploy "$DISK" "$ATOMIC_IMAGE" --karg lab.local=1
atomic_boot "$HOST" "$DISK"
on mkdir -p /var/home/sam/setup/manifests
on chown -R sam: /var/home/sam/setup

newest="This computer has the newest version already."
check_is "a person may ask for a newer version, and there is none" "$newest" sam bkt admin bootc upgrade --check
check_is "to prepare it all the same ends in that" 1 grep -c "$newest" <(agreed upgrade)
check_is "and prepares nothing" null status .status.staged
check_is "there is no version to go back to" "not_possible 6" refused admin bootc rollback --yes

# A file of /etc, back to the image's and back to what was there, through the helper.
file() { on sh -c 'echo "$(cat /etc/lab.conf) $(stat -c "%a %U" /etc/lab.conf)"'; }
on sh -c 'echo "by hand" >/etc/lab.conf && chmod 600 /etc/lab.conf && chown sam: /etc/lab.conf'
check_is "without permission a file of /etc stays" "not_authorized 4" refused etc restore /etc/lab.conf --yes
said=$(typed "?]=y" Password:=lab -- bkt etc restore /etc/lab.conf) || true
check "polkit asks, naming what is approved" grep -q "Bucket wants to change this computer: restore 1 system file (plan" <<<"$said"
check_is "and it is as in the image" "of the image 644 root" file
check "sam takes it back" typed "?]=y" Password:=lab -- bkt undo
check_is "to what was there, and whose" "by hand 600 sam" file

check "topgrade's file is written" sam bkt topgrade install
dry=$(sam topgrade --dry-run --no-retry --only system custom_commands 2>&1) || true
check "topgrade would update the image by bootc" grep -qE '^Dry running: .*bootc upgrade$' <<<"$dry"
check "then come Bucket's commands" grep -qE "^Dry running: .* -c .?bkt status" <<<"$dry"

publish "$ATOMIC_IMAGE" v2
check_is "a new version is told" "There is a newer version: v2" sam sh -c 'bkt admin bootc upgrade --check 2>/dev/null'
check_is "to scripts too" '"v2" null' sam sh -c \
  'bkt admin bootc upgrade --check --json | jq -r "\"\(.update.version | tojson) \(.staged)\""'
check "a dry run shows the plan" sam sh -c 'bkt admin bootc upgrade -n | grep -q "Prepare the newest version of the system"'
check_is "without permission nothing is prepared" "not_authorized 4 null" sh -c "echo \"\$1\" \"\$2\"" sh \
  "$(refused admin bootc upgrade --yes)" "$(status .status.staged)"
on rpm-ostree kargs --append-if-missing=lab.waits=1 >/dev/null
check_is "kernel arguments that wait are not dropped" "arguments_waiting 6" refused admin bootc upgrade --yes
check_is "for root neither" "arguments_waiting 6" on sh -c \
  'bkt admin bootc upgrade --yes --json 2>/dev/null | jq -r ".error | \"\(.code) \(.exit)\""'
check "and still wait" on grep -rqw lab.waits=1 /run/ostree/staged-deployment
on ostree admin undeploy 0 >/dev/null
# An executor that is killed takes bootc with it, and what is told afterwards is the truth.
on sh -c 'cp /usr/bin/bootc /run/lab-bootc && cat >/run/lab-slow && chmod 755 /run/lab-slow && mount --bind /run/lab-slow /usr/bin/bootc' <<'END'
#!/bin/sh
case "$*" in
  upgrade*--progress-fd=3) echo $$ >/run/lab-slow.pid && exec sleep infinity ;;
  *) exec /run/lab-bootc "$@" ;;
esac
END
agreed upgrade >"$work/killed" 2>&1 &
slow=$!
check "bootc is at work" on timeout 60 sh -c 'until [ -s /run/lab-slow.pid ]; do sleep 0.1; done'
check "the executor is killed" on systemctl kill --signal=KILL 'bkt-executor@*'
ended=0
wait "$slow" || ended=$?
check_is "the person is told" "1 1" sh -c 'echo "$1" "$(grep -c "^        the run was interrupted during this step" "$2")"' sh \
  "$ended" "$work/killed"
check "bootc is gone" on sh -c '! [ -e "/proc/$(cat /run/lab-slow.pid)" ]'
check_is "nothing is prepared" null status .status.staged
# One that cannot tell how far it has come is asked again without.
on sh -c 'cat >/run/lab-slow' <<'END'
#!/bin/sh
case "$*" in
  *--progress-fd*) echo "error: unexpected argument '--progress-fd' found" >&2 && exit 2 ;;
  *) exec /run/lab-bootc "$@" ;;
esac
END
progress() { on sh -c 'cat "$(ls -t /var/lib/bkt/jobs/*/events* | head -n 1)"' | jq -c 'select(.type == "progress") | [.percent, .stage]'; }
check "an older bootc prepares it, too" agreed upgrade
check_is "without a word of how far it is" "v2 0" sh -c 'echo "$1"' sh "$(status .status.staged.image.version) $(progress | wc -l)"
on ostree admin undeploy 0 >/dev/null
on umount /usr/bin/bootc
said=$(agreed upgrade) || true
check "polkit asks, naming what is approved" grep -q "Bucket wants to change this computer: update the system (plan" <<<"$said"
check "what is done is said to wait for a restart" grep -q "1 after restart. Restart to finish" <<<"$said"
check_is "the new version waits" "v2 false" status '.status.staged | "\(.image.version) \(.downloadOnly)"'
check "what bootc said is in the job's events" on sh -c 'grep -q "Queued for next boot" /var/lib/bkt/jobs/*/events*'
check_is "and how far it was" '[8,"downloading"] [100,"deploying"] 0' sh -c 'echo "$1"' sh \
  "$(progress | sed -n '1p;$p' | paste -sd' ') $(on sh -c 'ls /run/bkt/progress 2>/dev/null | wc -l')"
check_is "bootc was started by PID 1, outside of the helper" 1 on sh -c \
  'journalctl -o json _COMM=systemd --grep "Started run-.*bootc upgrade" | jq -s "length >= 1 | if . then 1 else 0 end"'
check_is "again it stays" "v2" sh -c "echo \"\$1\"" sh "$(agreed upgrade >/dev/null; status .status.staged.image.version)"
atomic_reboot "$HOST"
check_is "and runs after the restart" '["booted v2 next","rollback v1"]' roles

check "it is gone back to the one before" agreed rollback
check_is "which is next" "true v1" status '.status | "\(.rollbackQueued) \(.rollback.image.version)"'
check_is "a second time changes nothing" "The next start uses v1 already." sam bkt admin bootc rollback
check_is "not even for root, whom bootc would let go back and forth" true sh -c 'echo "$1"' sh \
  "$(on bkt admin bootc rollback --yes >/dev/null; status .status.rollbackQueued)"
on bootc rollback >/dev/null
check_is "and back again" '["booted v2 next","rollback v1"]' roles

publish "$OTHER" other1 --without-rpm-ostree
check_is "another image is not followed for one yes" "needs_confirmation 2" refused admin bootc switch "$OTHER" --yes
check_is "nor for another name" "not_confirmed 2" refused admin bootc switch "$OTHER" --confirm-image registry.lab/oter --yes
check "nor for a wrong one that was typed" grep -q "the two names of the image differ" \
  <(typed "with it:=y" -- bkt admin bootc switch "$OTHER" || true)
check_is "nor an option for one" "name_invalid 2" refused admin bootc switch --yes -- --apply
check_is "nothing was prepared" null status .status.staged
said=$(typed "with it:=$OTHER" Password:=lab -- bkt admin bootc switch "$OTHER") || true
check "its name typed again, polkit asks" grep -q "Bucket wants to change this computer: follow the system image $OTHER (plan" <<<"$said"
check "the plan says that nobody checks its signature" grep -q "WITHOUT checking its signature" <<<"$said"
check_is "and it waits" "other1 $OTHER" status '.status.staged.image | "\(.version) \(.image.image)"'
check_is "an image that is not there fails with bootc's words" "Preparing import 1" on sh -c \
  'bkt admin bootc switch registry.lab/none:1 --confirm-image registry.lab/none:1 --yes --json 2>/dev/null |
   jq -r ".error | \"\(.message | capture(\"(?<part>Preparing import)\").part) \(.exit)\""'
check_is "and changes nothing" "other1 $OTHER" status '.status.staged.image | "\(.version) \(.image.image)"'
atomic_reboot "$HOST"
check_is "and runs after the restart" "[\"booted $OTHER\",\"rollback $ATOMIC_IMAGE\"]" sam sh -c \
  'bkt system --json | jq -cr "[.deployments[] | \"\(.role) \(.image)\"]"'
check_is "which knows no rpm-ostree" image-only sam sh -c 'bkt system --json | jq -r .host.kind'
check_is "it is followed already" "This computer follows $OTHER already." sam sh -c "bkt admin bootc switch $OTHER 2>/dev/null"

# A package that is tried at once, through the command line.
said=$(typed "Run this plan?=y" Password:=lab -- bkt -C setup dnf install htop --now) || true
check "polkit asks to install a package" grep -q "Bucket wants to change this computer: install 1 package (plan" <<<"$said"
check_is "a package is there at once" htop on rpm -q --qf '%{name}' htop
check_is "on an overlay that the restart takes" "readWrite transient" \
  status '.status.usrOverlay | "\(.accessMode) \(.persistence)"'
check_is "and written into the setup" htop sam sh -c 'jq -r ".packages[]" setup/manifests/system-packages.json'

# A whole setup at once.
sam sh -ec 'cd setup/manifests
  jq ".packages += [\"cups-lab\"]" system-packages.json >new && mv new system-packages.json
  echo "{ \"services\": { \"cups-lab.service\": \"enabled\" } }" >systemd-services.json'
check "the plan installs, enables and starts" grep -q "Start cups-lab.service" \
  <(sam bkt -C setup apply --all --now -n)
check "while without --now the package waits for the next image" grep -q "pkg:cups-lab .*next image" \
  <(sam bkt -C setup apply --all -n)
said=$(typed "Run this plan?=y" Password:=lab -- bkt -C setup apply --all --now) || true
check "one yes for all of it" grep -q "Bucket wants to change this computer:" <<<"$said"
check_is "the service of a package that is not in the image runs" "enabled active" \
  on sh -c 'echo $(systemctl is-enabled cups-lab) $(systemctl is-active cups-lab)'

# Without rpm-ostree a person reads the disk and root asks bootc: both must see the same versions.
check_is "without rpm-ostree only root may ask for a newer version" "not_authorized 6" refused admin bootc upgrade --check
publish "$OTHER" other2 --without-rpm-ostree
check_is "and is told" "There is a newer version: other2" on sh -c 'bkt admin bootc upgrade --check 2>/dev/null'
check "a person prepares it" agreed upgrade
check_is "and it waits" other2 status .status.staged.image.version
check "until the version before is gone back to" agreed rollback
check_is "which is next" "null true v2" status '.status | "\(.staged) \(.rollbackQueued) \(.rollback.image.version)"'
host_stop "$HOST"

atomic_layer "$DISK" tmux
atomic_boot "$HOST" "$DISK"
check_is "the package is gone with the overlay" "package htop is not installed" on rpm -q htop
publish "$ATOMIC_IMAGE" v3
check_is "on a layered system rpm-ostree tells of a newer version" "There is a newer version: v3" \
  sam sh -c 'bkt admin bootc upgrade --check 2>/dev/null'
check "and prepares it" agreed upgrade
check_is "with what is layered" 'v3 ["tmux"]' sam sh -c \
  'rpm-ostree status --json | jq -cr ".deployments[0] | \"\(.version) \(.\"requested-packages\")\""'
check "going back is its, too" agreed rollback
check_is "to the version that ran before" '["rollback other1"]' sam sh -c \
  'bkt system --json | jq -cr "[.deployments[] | select(.next) | \"\(.role) \(.version)\"]"'
on ostree admin set-default 1 >/dev/null
said=$(agreed reset) || true
check "what is layered can be taken out" grep -q "Bucket wants to change this computer: take out what is layered" <<<"$said"
check_is "and is not in what the next start uses" '["booted [\"tmux\"]","staged []"]' sam sh -c \
  'bkt system --json | jq -cr "[.deployments[] | select(.role == \"booted\" or .role == \"staged\") | \"\(.role) \(.layered)\"]"'
check_is "a second time there is nothing to take out" 0 sam sh -c 'bkt admin bootc reset --yes >/dev/null 2>&1; echo $?'
host_stop "$HOST"

atomic_follow_remote "$DISK"
atomic_boot "$HOST" "$DISK"
next() { sam sh -c 'rpm-ostree status --json | jq -cr ".deployments[0] | [.\"requested-packages\"[], .staged] | join(\" \")"'; }
check_is "a package a repository does not have is not layered" "Packages not found" on sh -c \
  'bkt -C /var/home/sam/setup dnf install not-there --yes --json 2>/dev/null | grep -o "Packages not found"'
check_is "and leaves the setup as it was" null sam sh -c 'jq -c ".packages | index(\"not-there\")" setup/manifests/system-packages.json'
said=$(typed "Run this plan?=y" Password:=lab -- bkt -C setup dnf install strace) || true
check "there a package is layered, and polkit asks to install it" grep -q "Bucket wants to change this computer: install 1 package (plan" <<<"$said"
check "which waits for the restart" grep -q "1 after restart" <<<"$said"
check_is "on the tree that runs" "strace true" next
check "kernel arguments are added to that" typed "Run this plan?=y" Password:=lab -- bkt -C setup admin kargs append lab.more=1
check_is "and drop no package" "strace true" next
check "the next start has the argument" on grep -rqw lab.more=1 /run/ostree/staged-deployment
check "a package is taken out again" typed "Run this plan?=y" Password:=lab -- bkt -C setup dnf remove strace
check_is "and the argument stays" "true 1" sh -c 'echo "$1" "$2"' sh "$(next)" "$(on grep -cw lab.more=1 /run/ostree/staged-deployment)"
on ostree admin undeploy 0 >/dev/null

# A package of the image that was taken out here.
overrides() { sam sh -c 'rpm-ostree status --json | jq -cr ".deployments[0] | [.staged, .\"requested-base-removals\"[]] | join(\" \")"'; }
base() { sam sh -c 'bkt -C setup drift --json | jq -r ".items[] | select(.id == \"pkg:bkt-lab-base\") | \"\(.setup) \(.computer) \(.effect)\""'; }
on rpm-ostree override remove bkt-lab-base >/dev/null
atomic_reboot "$HOST"
check_is "what was taken out of the image is a change" "null removed restart" base
check_is "that is not asked for by removing it" "Nothing to do: it is so already." \
  sam bkt -C setup dnf remove bkt-lab-base --here-only
said=$(typed "Run this plan?=y" Password:=lab -- bkt -C setup apply pkg:bkt-lab-base) || true
check "applying brings it back, and polkit asks" grep -q "Bucket wants to change this computer: bring back 1 package of the image (plan" <<<"$said"
check_is "from the next start on" "true" overrides
check_is "which is no change any more" "" base
check "undoing takes it out again" typed "?]=y" Password:=lab -- bkt -C setup undo
check_is "from the next start on" "true bkt-lab-base" overrides
sam sh -c 'cd setup/manifests && jq ".packages += [\"bkt-lab-base\"]" system-packages.json >new && mv new system-packages.json'
check_is "where the setup has it, it differs" "true removed restart" base
check_is "without permission it stays as it is" "not_authorized 4 true bkt-lab-base" sh -c 'echo "$1" "$2"' sh \
  "$(refused -C setup apply pkg:bkt-lab-base --yes)" "$(overrides)"
check "applying brings it back" typed "Run this plan?=y" Password:=lab -- bkt -C setup apply pkg:bkt-lab-base
check_is "from the next start on" "true" overrides
atomic_reboot "$HOST"
check_is "and it is there" "false" overrides
check "a system of an ostree remote changes to an image" on bkt admin bootc switch "$OTHER" --confirm-image "$OTHER" --yes
check_is "through rpm-ostree" "ostree-unverified-image:docker://$OTHER" sam sh -c \
  'rpm-ostree status --json | jq -r ".deployments[0].\"container-image-reference\""'
atomic_reboot "$HOST"

# Kernel arguments through bootc. The lab's libostree is older than those that keep whose they are, so it says no.
argument() { sam bkt admin kargs list --json | jq -c ".arguments[] | select(.argument == \"$1\") | [.running, .next, .from.kind]"; }
kargs() { typed "Run this plan?=y" Password:=lab -- bkt -C setup admin kargs "$@"; }
newer_libostree() { # in its words alone: what keeps whose arguments are whose is the stand-in of bootc
  on cp /usr/bin/ostree /run/lab-ostree
  on sh -c 'cat >/run/lab-ostree-2026 && chmod 755 /run/lab-ostree-2026' <<'END'
#!/bin/sh
if [ "$*" = --version ]; then printf "libostree:\n Version: '2026.1'\n"; else exec /run/lab-ostree "$@"; fi
END
  on mount --bind /run/lab-ostree-2026 /usr/bin/ostree
}
said=$(sam bkt -C setup admin kargs append lab.one=1 -n)
check "with an older libostree an argument waits for the next image, and why is said" \
  grep -q "next image built from the setup; to add it here, bootc 1.15.2 and libostree 2026.1" <<<"$said"
check "root does not set it all the same" on sh -c \
  'bkt -C /var/home/sam/setup admin kargs append lab.root=1 --here-only --yes >/dev/null 2>&1; [ ! -e /run/ostree/staged-deployment ]'
newer_libostree
said=$(kargs append lab.one=1 lab.two=2) || true
check "with a newer one polkit asks to change them" grep -q "Bucket wants to change this computer: .*kernel argument.*(plan" <<<"$said"
check "which wait for the restart" grep -q "2 after restart. Restart to finish" <<<"$said"
check_is "bootc has them as Bucket’s" "lab.one=1 lab.two=2" on sh -c \
  'sed -n "s/^bkt=//p" "$(ls -t /ostree/deploy/*/deploy/*.origin | head -n 1)"'
check_is "bootc was started by PID 1, once" 1 on sh -c \
  'journalctl -o json _COMM=systemd --grep "Started run-.*bootc loader-entries" | jq -s length'
check_is "the list says that it comes" '[false,true,"setup"]' argument lab.one=1
check_is "for the version that runs" other2 status .status.staged.image.version
check "again there is nothing to do" sam sh -c 'bkt -C setup admin kargs append lab.one=1 --yes >/dev/null 2>&1'
check "one of them goes" kargs remove lab.two=2
check_is "and the other one stays" "0 1" on sh -c \
  'echo $(grep -acw lab.two=2 /run/ostree/staged-deployment) $(grep -acw lab.one=1 /run/ostree/staged-deployment)'
check "what the image brought is not bootc’s to take out here" sam sh -c \
  'bkt -C setup admin kargs remove quiet --here-only --yes 2>&1 | grep -q "bootc does not remove such an argument"'
check "nor what someone else added" sam sh -c \
  'bkt -C setup admin kargs remove lab.local=1 --here-only --yes 2>&1 | grep -q "Bucket did not add it"'
check_is "the arguments are not dropped for a newer version" "arguments_waiting 6" refused admin bootc upgrade --yes
check "taking it back" typed "Run this plan?=y" Password:=lab -- bkt -C setup undo
check_is "brings the other one back" "lab.one=1 lab.two=2" on sh -c \
  'sed -n "s/^bkt=//p" "$(ls -t /ostree/deploy/*/deploy/*.origin | head -n 1)"'
on umount /usr/bin/ostree
atomic_reboot "$HOST"
check_is "after the restart they run" '[true,true,"setup"]' argument lab.one=1
check "and the boot entry says whose they are" on grep -qxr "x-options-source-bkt lab.one=1 lab.two=2" /boot/loader/entries
newer_libostree
check "all of them go" kargs remove lab.one=1 lab.two=2
check_is "and bootc forgets the source" 0 on grep -ac x-options-source-bkt /run/ostree/staged-deployment
on umount /usr/bin/ostree
host_stop "$HOST"
check_is "the host powers off" 0 host_wait "$HOST"
done_with_checks
