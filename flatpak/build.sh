#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Builds the Flatpak of the window into target/flatpak. The sandbox has no network, so the crates of
# Cargo.lock are first written down as sources by flatpak-cargo-generator (of flatpak-builder-tools).
# The helper and its polkit actions cannot come from a Flatpak: install those on the host.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"
for tool in flatpak-cargo-generator flatpak-builder; do
  command -v "$tool" >/dev/null || { echo "flatpak/build.sh: $tool is missing" >&2 && exit 1; }
done
flatpak-cargo-generator ../Cargo.lock -o cargo-sources.json
flatpak-builder --force-clean --user --install-deps-from=flathub --repo=../target/flatpak/repo "$@" \
  ../target/flatpak/build org.bkt.Bucket.json
