# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2154
# The pictures, in the order a person would see the pages. Places to click are those of a 960×680 window.
on_sample=(--root "$sample/root" --repo "$sample/setup")

start 960 680 --repo "$sample/nothing"
shot no-setup
stop

start 360 640 "${on_sample[@]}"
shot narrow-overview
key ctrl+2
shot narrow-changes
click 180 166 # the first app
shot narrow-detail
stop

start 360 294 "${on_sample[@]}"
shot smallest
stop

ADW_DEBUG_COLOR_SCHEME=prefer-dark start 960 680 "${on_sample[@]}"
shot dark-overview
key ctrl+2
shot dark-changes
stop

start 960 680 "${on_sample[@]}"
shot overview
key ctrl+2
shot changes
click 851 125 # Set All in Flatpak Apps
key Return # Apply All
click 792 390 # the first setting's decision
key Down
key Return # Capture
click 851 522 # Set All in System Services
key Return # Apply All
click 500 175 # the first app
shot detail
key alt+Left
key ctrl+f
xdotool type --window "$window" --delay 60 'kernel'
settle
shot search
key Escape
click 697 65 # Everything
shot everything
click 488 65 # Changes
key ctrl+Return
shot plan
key ctrl+Return
shot run
key ctrl+3
shot history
key ctrl+1
shot overview-after
stop
