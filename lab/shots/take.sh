#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# take.sh BINARY SAMPLE OUT: pictures of every page on a real sample computer; runs inside headless.sh.
# The sample is changed: a plan is applied in it. Each wait is for an event of X or of the window.
set -euo pipefail

binary=$(realpath "$1") sample=$(realpath "$2") out=$3
mkdir -p "$out"
out=$(realpath "$out")
. "$sample/env"
export ADW_DISABLE_PORTAL=1 ADW_DEBUG_COLOR_SCHEME=prefer-light
mkdir -p "$XDG_STATE_HOME" "$XDG_CACHE_HOME"
: >"$out/log"

window=
start() { # WIDTH HEIGHT ARGUMENT…: starts the program and waits for its window
  local width=$1 height=$2
  shift 2
  "$binary" "$@" 2>>"$out/log" &
  pid=$!
  # xdotool waits for ever when the program ended.
  window=$(timeout 20 xdotool search --sync --onlyvisible --pid "$pid" | tail -n 1)
  xdotool windowmove --sync "$window" 0 0 || true
  xdotool windowsize "$window" "$width" "$height"
  xdotool windowfocus "$window"
  xdotool mousemove 1279 899 # away from the window, over which it would light up a row
  settle
}
# Waits until two pictures in a row are equal: nothing moves any more.
settle() {
  local before='' now=none tries=0
  while [ "$before" != "$now" ] && [ $tries -lt 60 ]; do
    before=$now
    sleep 0.4
    now=$(import -silent -window "$window" rgb:- | md5sum)
    tries=$((tries + 1))
  done
}
key() {
  xdotool windowfocus "$window" key --window "$window" --delay 60 "$@"
  settle
}
click() {
  xdotool mousemove --window "$window" "$1" "$2" click 1
  settle
}
shot() {
  import -silent -window "$window" "$out/$1.png"
}
stop() {
  kill "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
}

. "$(dirname "$(realpath "$0")")/pages.sh"
