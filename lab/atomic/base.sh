# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# The base of every atomic tree: the host root in the shape ostree deploys (usr, usr/etc, links, no
# /var), committed once into a cached repository, with the first /var beside it. Each version of an
# image is this commit plus a small overlay, so that it costs seconds.

# atomic_base: prints the directory with repo/ (ref `base`) and var/.
atomic_base() {
  local root key
  root=$(root_path host) || return 1
  key=$({
    basename "$(readlink -f "$root")"
    stat -c %Y "$root"
    cat "$BKT_SRC/lab/atomic/base.sh"
    find "$BKT_SRC/lab/atomic/files" -type f -print0 | sort -z | xargs -0 cat
  } | sha256sum | cut -c1-12)
  [ -d "$BKT_CACHE/atomic-$key" ] || note "making the atomic base tree: half a minute, once"
  cached "atomic-$key" atomic_make_base "$root"
}

atomic_make_base() {
  local root=$1 out=$2 tree=$2/tree
  mkdir -p "$tree" "$out/var"
  cp -a --link "$root/usr" "$tree/usr"
  cp -a "$root/etc" "$tree/usr/etc"
  cp -a "$root/var/." "$out/var"
  atomic_layout "$tree" "$out/var"
  atomic_user "$tree/usr/etc" "$out/var" sam 1000
  cp -rP --remove-destination "$BKT_SRC/lab/atomic/files/." "$tree/"
  lab_ostree init --repo="$out/repo" --mode=bare
  lab_ostree commit --repo="$out/repo" -b base --tree=dir="$tree" --no-bindings --fsync=false
  remove_tree "$tree"
}

# What Fedora Atomic has and Debian has not: links into /var, empty mount points, a kernel.
atomic_layout() {
  local tree=$1 var=$2 dir
  for dir in bin sbin lib lib64; do ln -sfn "usr/$dir" "$tree/$dir"; done
  ln -sfn var/home "$tree/home"
  ln -sfn var/roothome "$tree/root"
  ln -sfn var/opt "$tree/opt"
  ln -sfn var/srv "$tree/srv"
  ln -sfn var/mnt "$tree/mnt"
  ln -sfn run/media "$tree/media"
  ln -sfn sysroot/ostree "$tree/ostree"
  mkdir -p "$tree"/{boot,dev,proc,run,sys,sysroot,tmp,var}
  chmod 1777 "$tree/tmp"
  rm -rf "$tree/usr/local"
  ln -sfn ../var/usrlocal "$tree/usr/local"
  mkdir -p "$tree/usr/lib/modules/6.17.1-lab"
  echo kernel >"$tree/usr/lib/modules/6.17.1-lab/vmlinuz"
  echo initramfs >"$tree/usr/lib/modules/6.17.1-lab/initramfs.img"
  : >"$tree/usr/etc/machine-id"
  rm -f "$tree/usr/etc/hostname" "$tree"/usr/etc/{passwd,group,shadow,gshadow}- "$tree/usr/etc/.pwd.lock"
  mkdir -p "$var"/{home,mnt,opt,srv,usrlocal/bin,usrlocal/share}
  install -d -m 700 "$var/roothome"
  rm -rf "$var/cache/apt" "$var/lib/apt" "$var/log"/*
}

# A person to log in as: an administrator (wheel and sudo) with the password `lab`, whose user
# manager starts at boot.
atomic_user() {
  local etc=$1 var=$2 name=$3 id=$4
  echo "$name:x:$id:$id:Sam Lab:/var/home/$name:/bin/bash" >>"$etc/passwd"
  # crypt(3) SHA-512 of `lab`
  # shellcheck disable=SC2016
  echo "$name:"'$6$bktlab$lTec23AIo8ApXKWawoTb2g1OFq3uUB.evSWGOMRwb6KQEqWUfv6WfVmqv1Q3uS0aLlklMKcQOXIPPrPVHJ1id/:19000:0:99999:7:::' >>"$etc/shadow"
  echo "$name:x:$id:" >>"$etc/group"
  echo "wheel:x:880:$name" >>"$etc/group"
  sed -i "s/^sudo:x:27:.*/sudo:x:27:$name/" "$etc/group"
  cp -a "$etc/skel" "$var/home/$name"
  chown -R "$id:$id" "$var/home/$name"
  mkdir -p "$var/lib/systemd/linger"
  : >"$var/lib/systemd/linger/$name"
}
