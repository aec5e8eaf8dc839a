#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# make.sh HOST-ROOT OUT: turns the plain host root into the base of atomic trees (base.sh says what
# is in OUT). Runs in a mount namespace of its own; the host root itself is never written.
set -euo pipefail
. "$BKT_SRC/lab/lib/common.sh"
. "$BKT_SRC/lab/lib/root.sh"
. "$BKT_SRC/lab/lib/repos.sh"
. "$BKT_SRC/lab/atomic/base.sh"
root=$1 out=$2
merged=$out/merged
mkdir -p "$out"/{layer,shape,work,merged,var}

# First as a host: rpm database, repositories, the person sam (password lab, administrator).
mount -t overlay lab -o "lowerdir=$root,upperdir=$out/layer,workdir=$out/work" "$merged"
mount -t proc proc "$merged/proc"
mount --bind /dev "$merged/dev"
sed -e 's/^VARIANT=.*/VARIANT="Atomic Lab"/' -e 's/^VARIANT_ID=.*/VARIANT_ID=atomic-lab/' \
  "$BKT_SRC/lab/sample/root/usr/lib/os-release" >"$merged/usr/lib/os-release"
rm -f "$merged/etc/hostname" "$merged/etc/machine-id"
: >"$merged/etc/machine-id"
cp -r "$BKT_SRC/lab/atomic/files/." "$merged/"
# what dnf needs to know a bootc host by, and sudo to know its own name
if ! chroot "$merged" dpkg -s gir1.2-ostree-1.0 libnss-myhostname >/dev/null 2>&1; then
  chroot "$merged" sh -c 'apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
    --no-install-recommends gir1.2-ostree-1.0 libnss-myhostname && apt-get clean'
fi
add_repos "$merged"
mkdir -p "$merged/var/home"
chroot "$merged" /bin/sh -eux <<'END'
groupadd --system wheel
useradd --create-home --home-dir /var/home/sam --uid 1000 --shell /bin/bash --comment 'Sam Lab' --groups sudo,wheel sam
echo sam:lab | chpasswd
mkdir -p /var/lib/systemd/linger
touch /var/lib/systemd/linger/sam
dnf --quiet --assumeyes install bkt-lab-base
dnf --quiet --assumeyes mark remove bkt-lab-base
rm -rf /var/cache/dnf /var/cache/apt /var/lib/apt /var/log/* /etc/passwd- /etc/group- /etc/shadow- /etc/gshadow- /etc/.pwd.lock
END
umount -l "$merged/dev" "$merged/proc"
umount "$merged"

# Then in the shape ostree deploys: usr/etc, links into /var, empty mount points, a kernel.
rm -rf "$out/work" && mkdir "$out/work"
mount -t overlay lab -o "lowerdir=$out/layer:$root,upperdir=$out/shape,workdir=$out/work" "$merged"
cd "$merged"
cp -a var/. "$out/var"
mkdir -p "$out/var"/{home,mnt,opt,srv,usrlocal/bin,usrlocal/share}
install -d -m 700 "$out/var/roothome"
cp -a etc usr/etc
rm -rf etc var boot dev proc run sys tmp home root opt srv mnt media usr/local
mkdir boot dev proc run sys sysroot tmp var
chmod 1777 tmp
ln -s var/home home
ln -s var/roothome root
for name in opt srv mnt; do ln -s "var/$name" "$name"; done
ln -s run/media media
ln -s sysroot/ostree ostree
ln -s ../var/usrlocal usr/local
mkdir -p usr/lib/modules/6.17.8-300.fc44.x86_64
echo kernel >usr/lib/modules/6.17.8-300.fc44.x86_64/vmlinuz
echo initramfs >usr/lib/modules/6.17.8-300.fc44.x86_64/initramfs.img
cd /
lab_ostree init --repo="$out/repo" --mode=bare
lab_ostree commit --repo="$out/repo" -b base --tree=dir="$merged" --no-bindings --fsync=false
umount "$merged"
rm -rf "$out/shape" "$out/work" "$merged"
