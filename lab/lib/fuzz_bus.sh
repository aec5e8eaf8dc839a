# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# ./dev fuzz bus [SECONDS]: for that long in all (default 120), a new seed every few seconds, which is printed.
. "$BKT_SRC/lab/lib/all.sh"
. "$BKT_SRC/lab/lib/helper.sh"
. "$BKT_SRC/lab/lib/abuse.sh"
seconds=${1:-120}
[[ $seconds =~ ^[0-9]+$ ]] || die "say how many seconds: ./dev fuzz bus [SECONDS]"
HOST=fuzz-bus-$$
PLAN=/run/lab-plan
COUNT=/run/lab-count
trap helper_host_end EXIT
abuse_host --release
before=$(traces)
end=$((SECONDS + seconds)) seed=$(date +%s)
while [ "$SECONDS" -lt "$end" ]; do
  for user in root nobody; do
    printf '%s seed %s: ' "$user" "$seed"
    fuzz_as "$user" "$seed" 10s || die "this seed ended badly: fuzz_bus.py $seed as $user"
    [ "$(traces)" = "$before" ] || die "seed $seed as $user did something"
    healthy || die "the helper fell over with seed $seed as $user"
    seed=$((seed + 1))
  done
done
printf 'the most memory it took: %s MiB\n' "$(memory)"
