# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2154
# The pictures, in the order a person would see the pages.
on_sample=(--root "$sample/root" --repo "$sample/setup")

start 960 680 --repo "$sample/nothing"
shot no-setup
stop

start 960 680 "${on_sample[@]}"
shot overview
key ctrl+2
shot changes
stop

start 360 640 "${on_sample[@]}" --page changes
shot narrow-changes
stop

ADW_DEBUG_COLOR_SCHEME=prefer-dark start 960 680 "${on_sample[@]}" --page changes
shot dark-changes
stop
