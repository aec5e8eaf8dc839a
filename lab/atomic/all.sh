# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Everything a scenario on an atomic host needs: `. "$(dirname "$0")/../atomic/all.sh"` (README.md).
. "$(dirname "${BASH_SOURCE[0]}")/../lib/all.sh"
for part in base tree sysroot boot kinds; do
  # shellcheck source=/dev/null
  . "$BKT_SRC/lab/atomic/$part.sh"
done
. "$BKT_SRC/lab/session/session.sh"
unset part
