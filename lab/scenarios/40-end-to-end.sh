#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# One person's story on an atomic host, over three boots: a fresh image applies its setup, they drift it by
# hand, see it, decide in the window through polkit, and the next image brings both together again.
. "$(dirname "$(readlink -f "$0")")/../atomic/all.sh"

HOST=end-to-end
DISK=$BKT_CACHE/disks/$HOST
PICTURES=$BKT_SRC/target/test
on() { host_exec "$HOST" "$@"; }
sam() { host_user "$HOST" sam "$@"; }
setting() { sam gsettings "$1" org.gnome.desktop.interface "${@:2}"; }
drift() { sam bkt drift --json | jq -r '[.items[].id] | sort | join(" ")'; }
unknown() { sam bkt drift --json | jq -c .unknown; }
marker() { on jq -c '[.complete, .failures]' /var/lib/bkt/first-boot/first-boot.json; }
marked() { on jq -r .deployment /var/lib/bkt/first-boot/first-boot.json; }
booted() { sam sh -c 'rpm-ostree status --json | jq -r ".deployments[] | select(.booted) | \"\(.checksum).\(.serial)\""'; }
waits() { sam bkt build-info --json | jq -r '[.entries[] | "\(.stage) \(.id)"] | sort | join(" ")'; }
lacks() { sam bkt status --json | jq -c .image.lacks; }
commit() { sam git -C setup -c user.name=Sam -c user.email=sam@lab.example commit --quiet "$@"; }
press() { session_press "$HOST" sam bkt-gui "$@"; }
decide() { # GROUP DECISION: for all its changes, by the group's menu
  press "toggle button" "Set all decisions in $1" && press "menu item" "$2 All in $1"
}

work=$(mktemp -d)
trap 'hosts_end; rm -rf "$work"; atomic_remove "$DISK"' EXIT
recipe_tree "$work/bucket"

image() { # VERSION "PACKAGES": the image a recipe with that setup would build
  mkdir -p "$work/$1/usr/lib/bootc/kargs.d"
  echo 'kargs = ["quiet", "preempt=full"]' >"$work/$1/usr/lib/bootc/kargs.d/10-bkt.toml"
  atomic_build "$work/tree" --packages "$2" --overlay "$work/$1" --install "$work/bucket" --setup "$work/setup"
  atomic_commit "$DISK" "$work/tree" "$ATOMIC_IMAGE" "$1"
}

mkdir -p "$work/setup/manifests"
manifest() { cat >"$work/setup/manifests/$1.json"; }
manifest system-packages <<<'{ "packages": ["cups-lab", "htop"] }'
manifest system-config <<<'{ "kargs": { "append": ["preempt=full"], "remove": [] } }'
manifest systemd-services <<<'{ "services": { "cups-lab.service": "enabled" } }'
manifest flatpak-apps <<<'{ "apps": [] }'
manifest flatpak-remotes <<'END'
{
  "remotes": [
    { "name": "lab", "url": "file:///usr/lib/bkt-lab/repos/flatpak/lab.flatpakrepo", "scope": "user" }
  ]
}
END
manifest gsettings <<'END'
{
  "settings": [
    { "schema": "org.gnome.desktop.interface", "key": "clock-format", "value": "'12h'" }
  ]
}
END

# First boot: a fresh host applies what its image asks for.
atomic_init "$DISK"
image v1 "cups-lab htop"
atomic_deploy "$DISK" "$ATOMIC_IMAGE"
atomic_boot "$HOST" "$DISK"
check_is "the host is up" running on systemctl is-system-running
check "first boot ends well" on systemctl start --wait bkt-first-boot.service
check_is "nothing on it failed" "" on systemctl --failed --quiet --no-legend
check_is "first boot enabled the service" enabled on systemctl is-enabled cups-lab.service
check_is "and started it, without a second restart" active on systemctl is-active cups-lab.service
check_is "and is complete" "[true,0]" marker
check_is "for this deployment" "$(booted)" marked
check "signing in starts GNOME" session_start "$HOST" sam
check "and the person's half of the first setup" sam systemctl --user start --wait bkt-first-boot.service
check_is "which set the clock" "'12h'" setting get clock-format
check_is "and added the remote, with its signatures checked" lab \
  sam sh -c 'flatpak remotes --user --columns=name,options | grep -v no-gpg-verify | cut -f 1'
sam cp -r /usr/share/bkt/setup setup
sam git -C setup init --quiet --initial-branch=main
sam git -C setup add .
commit --message="What this image was built from"
check_is "the image has all of the setup" "" waits
check "everything matches" sam sh -c 'bkt status | grep -q "Everything matches"'
check "there is nothing to tell" sam systemctl --user start bkt-check.service
check_is "so nothing is told" "[]" session_notifications "$HOST" sam

# Drift, by hand and with other tools.
on bootc usr-overlay >/dev/null
on dnf --quiet --assumeyes install strace
on systemctl mask --quiet cups-lab.service
setting set clock-format 24h
sam flatpak install --user --noninteractive lab org.gnome.Boxes//stable >/dev/null 2>&1
check_is "status names all four" \
  "flatpak:org.gnome.Boxes gsetting:org.gnome.desktop.interface/clock-format pkg:strace unit:cups-lab.service" drift
check_is "and nothing is unknown" "[]" unknown
check_is "a check says so to scripts" 3 sam sh -c 'bkt drift check -q; echo $?'
check_is "it knows who changed the clock" "computer-changed capture" \
  sam sh -c 'bkt drift --json | jq -r ".items[] | select(.domain == \"gsetting\") | \"\(.origin) \(.suggestion)\""'
check_is "without permission nothing is changed" 4 sam sh -c 'bkt apply unit:cups-lab.service --yes --no-input >/dev/null 2>&1; echo $?'
check_is "really nothing" masked on systemctl is-enabled cups-lab.service

# The window decides: capture app, setting and package, put the service back.
check "the window opens" session_run "$HOST" sam bkt-window bkt-gui
check "and counts the changes" press --see "4 Changes to Decide"
session_shot "$HOST" sam "$PICTURES/40-overview.png"
check "the changes are listed" press button "Review Changes"
check "the service is to be applied" decide "System Services" Apply
check "the package is to be captured" decide Packages Capture
session_shot "$HOST" sam "$PICTURES/40-changes.png"
check "the plan is shown" press button "Review Plan"
check "with all four steps" press --see "Enable cups-lab.service"
session_shot "$HOST" sam "$PICTURES/40-plan.png"
check "it is applied" press button "Apply Plan"
asked=$(session_authenticate "$HOST" sam lab "$PICTURES/40-authentication.png" || true)
check "polkit asks about this plan" grep -q "service" <<<"$asked"
check "the run ends well" press --see "4 of 4 done"
session_shot "$HOST" sam "$PICTURES/40-run.png"
check_is "the service is back" enabled on systemctl is-enabled cups-lab.service
check "the setup has the app" sam grep -q org.gnome.Boxes setup/manifests/flatpak-apps.json
check "the package" sam grep -q strace setup/manifests/system-packages.json
check "and the setting" sam grep -q "'24h'" setup/manifests/gsettings.json
check "everything matches again" sam sh -c 'bkt status | grep -q "Everything matches"'
check "the journal names who did it" \
  on sh -c 'journalctl --boot --output=json CALLER_UID=1000 | jq -e --slurp "any(.[]; .PLAN_HASH)"'

captured() { # STAGE: of each of the three
  echo "$1 flatpak:org.gnome.Boxes $1 gsetting:org.gnome.desktop.interface/clock-format $1 pkg:strace"
}
check_is "the image lacks what was captured" "$(captured uncommitted)" waits
commit --all --message="What Sam chose"
check_is "also once it is committed" "$(captured committed)" waits

# The next image is built from that setup; before the restart the service drifts once more.
rm -rf "$work/setup"
mkdir "$work/setup"
sam tar -C setup --exclude=.git -c . | tar -C "$work/setup" -x
sam git -C setup rev-parse HEAD >"$work/setup/revision"
image v2 "cups-lab htop strace"
check "the new image is staged" on bootc upgrade --quiet
check "status says a version waits" sam sh -c 'bkt status --json | jq -e ".host.staged.version == \"v2\""'
check_is "with all three changes" "$(captured staged)" waits
check_is "as status says" '{"staged":3,"pushed":0,"committed":0,"uncommitted":0}' lacks
on systemctl mask --quiet cups-lab.service
before=$(marked)
atomic_reboot "$HOST"

check "first boot ends well again" on systemctl start --wait bkt-first-boot.service
check "first boot ran for the new deployment" [ "$(marked)" != "$before" -a "$(marked)" = "$(booted)" ]
check_is "and is complete" "[true,0]" marker
check "the captured package is part of the image" on rpm -q strace
check_is "and the image lacks nothing of the setup" "" waits
check_is "what sam changed is left for sam to decide" masked on systemctl is-enabled cups-lab.service
check_is "only that differs" unit:cups-lab.service drift
check "signing in again" session_start "$HOST" sam
check "looks for changes" sam systemctl --user start bkt-check.service
told() { session_notifications "$HOST" sam | jq -c '[.[] | [.app, .title, .body]]'; }
check_is "one notification names the drift" '[["Bucket","Updated to v2 — 1 Change to Decide","cups-lab.service differs."]]' told
session_shot "$HOST" sam "$PICTURES/40-notification.png"
check "looking again" sam systemctl --user start bkt-check.service
check_is "does not tell it twice" '[["Bucket","Updated to v2 — 1 Change to Decide","cups-lab.service differs."]]' told
check "a click on it" session_click_notification "$HOST" sam 0
check "opens the changes" press --see "cups-lab.service"

# Third boot, of the same deployment: the first-boot run is not repeated.
stamp() { on stat -c %Y.%i /var/lib/bkt/first-boot/first-boot.json; }
was=$(stamp)
atomic_reboot "$HOST"
on systemctl start --wait bkt-first-boot.service
check_is "the same deployment is not set up again" "$was" stamp
host_stop "$HOST"
check_is "the host powers off" 0 host_wait "$HOST"
done_with_checks
