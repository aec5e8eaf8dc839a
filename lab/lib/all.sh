# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Everything a scenario needs; source it first: `. "$(dirname "$0")/../lib/all.sh"`.
set -euo pipefail
BKT_SRC=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
for part in lib/common lib/root lib/repos lib/host lib/scenario lib/install package-host/host; do
  # shellcheck source=/dev/null
  . "$BKT_SRC/lab/$part.sh"
done
unset part

# One at a time: a second run of the same script waits for the first to end.
mkdir -p "$BKT_LAB"
exec {scenario_lock}>"$BKT_LAB/.$(basename "$0").lock"
flock "$scenario_lock"
