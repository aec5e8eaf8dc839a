# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# ./dev crash [ROUNDS]: runs of the helper in which each write fails or ends the run in each way, then runs that are cut
# off at any time, ROUNDS times (default 60), and how they ended.
rounds=${1:-60}
[[ $rounds =~ ^[1-9][0-9]*$ ]] || die "say how many rounds: ./dev crash [ROUNDS]"
BKT_KINDS=all bash "$BKT_SRC/lab/scenarios/34-write-errors.sh"
BKT_ROUNDS=$rounds exec bash "$BKT_SRC/lab/scenarios/32-crash.sh"
