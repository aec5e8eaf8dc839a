# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# show_command ARGS…: a command as the person typed it, bold on a terminal.
show_command() {
  local bold='' plain=''
  [ ! -t 1 ] || bold=$'\033[1m' plain=$'\033[0m'
  printf '\n%s$ bkt %s%s\n' "$bold" "${*/#\*/"'*'"}" "$plain"
}
