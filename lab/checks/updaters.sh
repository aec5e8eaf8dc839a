#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# ujust finds Bucket's recipes where the recipe's BUCKET section puts them, and the real topgrade does what the file says
# that ‘bkt topgrade install’ writes. On an image lab/scenarios/22-system-versions.sh does the latter.
cd "$(dirname "$(readlink -f "$0")")/../.." || exit
. lab/lib/scenario.sh
. lab/lib/topgrade.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cargo build --quiet -p bkt-cli || exit
mkdir -p "$work/bin" "$work/home" "$work/usr/share/bkt"
ln -s "$(realpath "${CARGO_TARGET_DIR:-target}/debug/bkt")" "$work/bin/bkt"
cp data/just/bkt.just "$work/usr/share/bkt"
person=(env -u XDG_STATE_HOME HOME="$work/home" XDG_CONFIG_HOME="$work/home/.config" PATH="$work/bin:$PATH" LC_ALL=C.UTF-8)

# The entry of ujust, as Universal Blue's packages and Bluefin have it: a list of files, the last one optional.
just_folder=$work/usr/share/ublue-os/just
imports() { # what an image has, and what the BUCKET section does to it
  rm -rf "$just_folder"
  mkdir -p "$just_folder"
  printf 'update:\n    @echo updated\n' >"$just_folder/10-update.just"
  printf '%s\n' 'set allow-duplicate-recipes := true' "import \"$just_folder/10-update.just\"" \
    "import? \"$just_folder/60-custom.just\"" >"$work/justfile"
  [ -z "${1-}" ] || printf '%s' "$1" >"$just_folder/60-custom.just"
  sed "s|/usr/share/|$work/usr/share/|g" "$work/section" | sh -eu
}
sed -n '/^    if \[ -d \/usr\/share\/ublue-os\/just/,/^    fi$/p' core/src/recipe/tests/adopted.Containerfile |
  sed 's/ \\$//' >"$work/section"
recipes() { just --justfile "$work/justfile" --summary; }
formatted() { just --unstable --fmt --check --justfile data/just/bkt.just; }

check "just takes the recipes as they are" formatted
imports
check_is "ujust lists them" "bkt-status bkt-topgrade bkt-update update" recipes
imports $'mine:\n    @true'
check_is "with those of the image" "bkt-status bkt-topgrade bkt-update mine update" recipes
sed "s|/usr/share/|$work/usr/share/|g" "$work/section" | sh -eu
check_is "and imports them once" 1 grep -c 'import? "' "$just_folder/60-custom.just"
check "without ujust nothing is made" sh -c "rm -r '$just_folder' && sed 's|/usr/share/|$work/usr/share/|g' '$work/section' |
  sh -eu && [ ! -e '$just_folder' ]"
imports

check "ujust writes topgrade's file" "${person[@]}" just --justfile "$work/justfile" bkt-topgrade
topgrade_tool || { check "topgrade is there" false && exit 1; }
dry() { "${person[@]}" topgrade --allow-root --dry-run --no-retry --only custom_commands </dev/null 2>&1; }
commands() { dry | sed -nE "s/^Dry running: .* -c '?([^']*)'?$/\1/p" | paste -sd'|'; }
cannot_read() { dry >"$work/said"; grep -q 50-bkt.toml "$work/said" && ! grep -q 'Dry running' "$work/said"; }
check_is "topgrade reads it, and runs its commands" "bkt first-boot|bkt status" commands
cp "$work/home/.config/topgrade.d/50-bkt.toml" "$work"
echo 'not toml' >>"$work/home/.config/topgrade.d/50-bkt.toml"
check "what it could not read it would name" cannot_read
check "that it is not its own is seen" sh -c '"$@" | grep -q "says something else"' sh "${person[@]}" bkt topgrade
check "and it is taken away" sh -c '"$@" -y && [ ! -e "$HOME/.config/topgrade.d/50-bkt.toml" ]' sh "${person[@]}" bkt topgrade remove
done_with_checks
