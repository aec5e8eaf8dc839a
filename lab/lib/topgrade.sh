# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# The real topgrade, from the registry of crates.

# topgrade_tool: builds it where PATH of the build root has it, once. Its own update, which needs the network, is left out.
topgrade_tool() {
  local version=17.14.1
  "$BKT_CACHE/tools/bin/topgrade" --version 2>/dev/null | grep -qF "$version" ||
    CARGO_PROFILE_DEV_DEBUG=false cargo install --quiet --locked --debug --no-default-features \
      "topgrade@$version" --root "$BKT_CACHE/tools"
}
