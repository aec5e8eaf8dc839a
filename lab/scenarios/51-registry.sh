#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What `bkt build-info --image` tells of images that real buildah built and pushed to a real registry, by real skopeo,
# and of those real podman has; and what it says where they cannot be found, or name no commit of the setup.
. "$(dirname "$(readlink -f "$0")")/../lib/all.sh"

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export BKT_BIND=$dir BKT_ROOT_IS_MOUNT=1
setup=$dir/setup registry=127.0.0.1:5000 closed=127.0.0.1:5001
trust=$dir/home/.config/containers/registries.conf.d
mkdir -p "$trust" "$dir/run" "$dir/root/etc" "$dir/image" "$setup/manifests"
for who in builder person; do
  printf '[storage]\ndriver = "vfs"\nrunroot = "%s/runroot"\ngraphroot = "%s/graphroot"\n' "$dir/$who" "$dir/$who" >"$dir/$who.conf"
done
printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$registry" "$closed" "127.0.0.1:5009" >"$trust/lab.conf"

root_path build >/dev/null
(cd "$BKT_SRC" && "$BKT_SRC/dev" cargo build --quiet -p bkt-cli)
bkt_program=${CARGO_TARGET_DIR:-$BKT_SRC/target}/debug/bkt
online() { # WHO COMMAND…
  (root_exec boxes env HOME="$dir/home" XDG_STATE_HOME="$dir/home/state" XDG_RUNTIME_DIR="$dir/run" \
    CONTAINERS_STORAGE_CONF="$dir/$1.conf" BUILDAH_ISOLATION=chroot PODMAN_IGNORE_CGROUPSV1_WARNING=1 BKT_FORCE_HOST=1 \
    unshare -n python3 "$BKT_SRC/lab/registry/serve.py" "$dir" "${@:2}")
}
bkt() { online person "$bkt_program" --root "$dir/root" -C "$setup" "$@"; }
code() {
  local code=0
  "$@" >/dev/null 2>&1 || code=$?
  echo "$code"
}

# Three commits, of which the setup here gets the last one later
git_() { git -C "$setup" -c safe.directory='*' "$@"; }
packages() {
  printf '{"packages": [%s]}\n' "$1" >"$setup/manifests/system-packages.json"
  git_ add .
  git_ commit -qm "$2"
  git_ rev-parse HEAD
}
git init -q --initial-branch=main "$setup"
git_ config user.name Sam
git_ config user.email sam@example.org
printf 'FROM scratch\nRUN bootc container lint\n' >"$setup/Containerfile"
"$BKT_SRC/dev" shell "$bkt_program" -C "$setup" containerfile adopt SETUP -y >/dev/null
first=$(packages '"git"' Begin)
second=$(packages '"git", "htop"' "Add htop")
git clone -q --bare "$setup" "$dir/origin.git"
later=$(packages '"git", "htop", "nano"' "Add nano")
git_ push -q "$dir/origin.git" main
git_ reset -q --hard "$second"
git_ reflog expire --expire=now --all
git_ gc -q --prune=now
git_ remote add origin "$dir/origin.git"

# image NAME LINES OPTION…: builds the lines, and pushes what comes of them.
image() {
  printf '%s\n' "$2" >"$dir/image/Containerfile"
  online builder sh -euc 'image=$1 context=$2; shift 2
    buildah build --quiet --tag "$image" "$@" "$context" && buildah push --quiet "$image"' \
    sh "$registry/$1" "$dir/image" "${@:3}" >"$dir/build.log" 2>&1 || cat "$dir/build.log" >&2
}
key=org.opencontainers.image.revision
recipe="FROM scratch
$(grep -E '^(ARG|LABEL) ' "$setup/Containerfile")"
check "the recipe has the lines that say it" grep -qx "LABEL $key=\$BKT_REVISION" <<<"$recipe"
image mine:1 "$recipe" --build-arg "BKT_REVISION=$first"
image mine:none "$recipe"
image mine:plain "FROM scratch
LABEL a=b"
image mine:branch "FROM scratch
LABEL $key=main"
image mine:later "$recipe" --build-arg "BKT_REVISION=$later"
mapfile -t notes < <(bkt build-info "$first..$second" --annotations)
image mine:annotated "FROM scratch
LABEL a=b" "${notes[@]/#/--annotation=}"
# what a base image says of itself comes along
stranger=$(printf '%040d' 7)
image base:1 "FROM scratch
LABEL $key=$stranger" --annotation "$key=$stranger"
image mine:label "FROM $registry/base:1
LABEL $key=$first"
image mine:annotation "FROM $registry/base:1
LABEL a=b" --annotation "$key=$first"
for one in 1 annotated; do
  online builder sh -euc 'buildah manifest create "list-$2" "$1/mine:$2" && buildah manifest push --quiet --all "list-$2" "docker://$1/mine:list-$2"' \
    sh "$registry" "$one" >/dev/null 2>&1
done

from() { bkt build-info --image "$1" --json | jq -r 'if .error then .error.code else .from.id end'; }
check_is "the person has none of the images" "" online person podman images --quiet
check_is "skopeo sees the label on the registry" "$first" \
  jq -r ".Labels[\"$key\"]" < <(online person skopeo inspect --no-tags "docker://$registry/mine:1")
check_is "what changed since the image is told" \
  "From  ${first:0:10}  DAY  Begin|To    ${second:0:10}  DAY  Add htop||Changed|  Add htop (pkg:htop)" \
  sh -c 'sed -E "s/[0-9]{4}-[0-9]{2}-[0-9]{2}/DAY/" | paste -sd"|"' < <(bkt build-info --image "$registry/mine:1")
check_is "and to programs" "[\"$first\",\"$second\",[\"pkg:htop\"]]" \
  jq -c '[.from.id, .to.id, [.entries[].id]]' < <(bkt build-info --image "$registry/mine:1" --json)
digest=$(online person skopeo inspect --no-tags "docker://$registry/mine:1" | jq -r .Digest)
check_is "it is found by its digest" "$first" from "$registry/mine@$digest"
check_is "and in a list of images for several architectures" "$first" from "$registry/mine:list-1"
check_is "an annotation of bkt's own says it, too" "$second" from "$registry/mine:annotated"
check_is "and that of one image in such a list" "$second" from "$registry/mine:list-annotated"
raw() { online person skopeo inspect --raw "docker://$registry/mine:$1" | jq -r ".annotations[\"$key\"]"; }
check_is "an image has the annotation of its base" "$stranger" raw label
check_is "which does not hide its own label" "$first" from "$registry/mine:label"
check_is "nor does the label of the base hide its own annotation" "$first" from "$registry/mine:annotation"

# Each failure says what became of which image, and the one next step; to people and to programs
fails() { # WHAT IMAGE CODE SENTENCE HINT
  check_is "$1" "$3|$4|$5" jq -r '.error | [.code, .message, .hint] | join("|")' < <(bkt build-info --image "$2" --json || :)
}
asked="$registry/mine"
fails "a label that is empty names no commit" "$asked:none" no_revision \
  "$asked:none does not say which commit it was built from" "Build it with ‘--build-arg BKT_REVISION=COMMIT’"
check_is "as one without" no_revision from "$asked:plain"
check_is "and one that names a branch" no_revision from "$asked:branch"
fails "a tag that is not there" "$asked:nosuch" image_unknown "$registry has no image $asked:nosuch" \
  "‘skopeo list-tags docker://$asked’ lists what it has by that name"
check_is "what that says lists the others" "1 annotated annotation branch label later list-1 list-annotated none plain" \
  sh -c 'jq -r ".Tags | sort | join(\" \")"' < <(online person skopeo list-tags "docker://$asked")
fails "a name that is not there" "$registry/other" image_unknown "$registry has no image $registry/other" \
  "‘skopeo list-tags docker://$registry/other’ lists what it has by that name"
fails "a digest that is not there" "$asked@sha256:$(printf '%064d' 1)" image_unknown \
  "$registry has no image $asked@sha256:$(printf '%064d' 1)" "‘skopeo list-tags docker://$asked’ lists what it has by that name"
fails "a registry that asks for a password" "$closed/mine:1" image_denied "$closed does not show $closed/mine:1 to everyone" \
  "If it is there, sign in with ‘skopeo login $closed’"
fails "a registry that is not there" "127.0.0.1:5009/mine:1" registry_failed \
  "127.0.0.1:5009 could not be asked for 127.0.0.1:5009/mine:1: dial tcp 127.0.0.1:5009: connect: connection refused" \
  "Check the name and the connection, and try again"
mv "$trust/lab.conf" "$dir/lab.conf"
fails "a registry without TLS that nobody allowed" "$asked:1" registry_failed \
  "$registry could not be asked for $asked:1: http: server gave HTTP response to HTTPS client" \
  "Without TLS it is asked where a file in /etc/containers/registries.conf.d says ‘insecure = true’ of it"
mv "$dir/lab.conf" "$trust/lab.conf"
fails "an image podman alone could have" "containers-storage:$asked:1" image_unknown "podman has no image $asked:1" \
  "‘podman images’ lists those it has"
check_is "as one that was built without a registry" image_unknown from localhost/mine:1
fails "a commit the setup does not have" "$asked:later" unknown_commit \
  "$asked:later was built from $later, which is no commit of the setup" "If somebody else pushed it, ‘git fetch --all’ gets it"
check_is "people are told the same" "bkt: $asked:later was built from $later, which is no commit of the setup|If somebody else pushed it, ‘git fetch --all’ gets it" \
  sh -c 'sed "s/^  *//" | paste -sd"|"' < <(bkt build-info --image "$asked:later" 2>&1 || :)
check_is "with the exit code of what is not possible here" 6 code bkt build-info --image "$asked:later"
git_ fetch -q --all
check_is "and that gets it" "$later" from "$asked:later"

# What podman has, it is asked for: the same names, of another commit
online builder sh -euc 'buildah tag "$1:annotated" "$1:1" localhost/mine:1
  buildah push --quiet "$1:1" "oci-archive:$2/mine.tar:$1:1"' sh "$asked" "$dir"
online person sh -euc 'podman load --quiet --input "$1/mine.tar" && podman tag "$2:1" localhost/mine:1' sh "$dir" "$asked" >/dev/null
check_is "of an image podman has, podman tells" "$second" from "$asked:1"
check_is "and of one by its place" "$second" from "containers-storage:$asked:1"
check_is "and of one that is in no registry" "$second" from localhost/mine:1
check_is "the registry still tells of the others" "$first" from "$asked:label"
done_with_checks
