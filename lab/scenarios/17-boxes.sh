#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Real distrobox and real podman make, list, change and remove boxes as bkt asks them to. Nothing is started in them:
# a box of this scenario holds one shell and no system.
. "$(dirname "$(readlink -f "$0")")/../lib/all.sh"

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export BKT_BIND=$dir BKT_ROOT_IS_MOUNT=1
mkdir -p "$dir/home/src" "$dir/run" "$dir/setup/manifests" "$dir/image/bin"
printf '[storage]\ndriver = "vfs"\nrunroot = "%s/runroot"\ngraphroot = "%s/graphroot"\n' "$dir" "$dir" >"$dir/storage.conf"
manifest=$dir/setup/manifests/distrobox.json

root_path build >/dev/null
(cd "$BKT_SRC" && "$BKT_SRC/dev" cargo build --quiet -p bkt-cli)
bkt_program=${CARGO_TARGET_DIR:-$BKT_SRC/target}/debug/bkt
here() {
  (root_exec boxes env HOME="$dir/home" USER=sam XDG_STATE_HOME="$dir/home/state" XDG_RUNTIME_DIR="$dir/run" \
    CONTAINERS_STORAGE_CONF="$dir/storage.conf" PODMAN_IGNORE_CGROUPSV1_WARNING=1 BKT_FORCE_HOST=1 "$@")
}
bkt() { here "$bkt_program" -C "$dir/setup" "$@"; }
podman() { here podman "$@"; }
boxes() { bkt drift --json | jq -r '[(.items[] | select(.id | startswith("box:")) | "\(.id) \(.shape)"), (.unknown[] | select(.domain == "box") | .code)] | sort | join(", ")'; }
names() { here distrobox list --no-color | sed 1d | cut -d'|' -f2 | tr -d ' ' | sort | paste -sd' '; }
setup() { printf '%s\n' "$1" >"$manifest"; }

here sh -c 'cp /bin/sh "$1/image/bin" && tar -C "$1/image" -c . | podman import -q - registry.example.org/base:1 &&
  podman tag registry.example.org/base:1 registry.example.org/base:2' sh "$dir" >/dev/null
dev='{
  "containers": {
    // mine
    "dev": {
      "image": "registry.example.org/base:1", "mine": 1, "packages": ["git", "vim"],
      "init_hooks": ["touch /a", "echo \"$HOME\" */x"], "pre_init_hooks": ["echo it'\''s `id`"],
      "volume": ["~/src:/src:ro"], "path": ["~/.cargo/bin"], "env": {"EDITOR": "vim"},
      "additional_flags": ["--pids-limit 100"]
    }
  }
}'

setup "$dev"
check_is "a declared box is missing" "box:dev missing" boxes
check "bkt makes it" bkt apply --yes box:dev
check_is "and it is what the setup says" "" boxes
check_is "distrobox lists it" "dev" names
check_is "nothing of its hooks was run or changed on the way" "echo it's \`id\`|echo \"\$HOME\" */x" \
  sh -c 'jq -r ".[0].Config.Cmd | .[index(\"--pre-init-hooks\") + 1], .[-1]" | grep -o "[A-Za-z0-9+/=]\{12,\}" | while read -r hook; do echo "$hook" | base64 -d; echo; done | paste -sd"|"' \
  < <(podman inspect dev)
check_is "its home folder is whole" "$dir/home/src:/src:ro" \
  jq -r '.[0].Config.CreateCommand | .[index("--entrypoint") - 1]' < <(podman inspect dev)
check "nothing is left to do" test "$(bkt apply --yes box:dev 2>&1 | grep -c "matches the setup")" = 1

# another image: a new box, not without saying so
setup "${dev//base:1/base:2}"
check_is "another image differs" "box:dev different" boxes
out=$(bkt plan show --apply box:dev --json)
check_is "making it anew cannot be undone" "false" jq '.operations[0].reversible' <<<"$out"
check "and the plan says so" grep -q 'what was installed in it is lost' < <(bkt plan show --apply box:dev | tr -s '\n ' ' ')
check "bkt makes it anew" bkt apply --yes box:dev
check_is "from the other image" "" boxes
setup "${dev//base:1/base:3}"
out=$(bkt apply --yes box:dev 2>&1) && rc=0 || rc=$?
check "an image that cannot be fetched fails" test "$rc" != 0
check_is "and the box is still there" "dev" names

# the other way
setup "${dev//base:1/base:2}"
here distrobox create --yes --name other --image registry.example.org/base:1 --additional-packages make >/dev/null 2>&1
check_is "a box someone made is only here" "box:other only_here" boxes
check "bkt captures it" bkt capture --yes box:other
check_is "and then both agree" "" boxes
check "the other entry is byte for byte as it was" grep -qF '"image": "registry.example.org/base:2", "mine": 1, "packages": ["git", "vim"],' "$manifest"
check "it is removed on both sides by name" bkt distrobox remove other --yes
check_is "here" "dev" names
check "and in the setup" bash -c '! grep -q other "$1"' bash "$manifest"
check "and undoing that makes it again" bkt undo --yes
check_is "here again" "dev other" names
check_is "and both agree" "" boxes
check "a box is added on both sides" bkt distrobox add third --image registry.example.org/base:1 -p make --yes
check_is "both agree again" "" boxes
done_with_checks
