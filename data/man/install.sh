#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# install.sh BKT DIR: has BKT write its manual pages where meson installs them, below the prefix.
set -eu
case $2 in
  /*) directory=${DESTDIR:-}$2 ;;
  *) directory=$MESON_INSTALL_DESTDIR_PREFIX/$2 ;;
esac
exec "$1" man "$directory" >/dev/null
