# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# ./dev load [CALLS]: the helper under load on a booted lab host, as a release build: how soon it refuses, how soon it
# answers an honest caller meanwhile, and how much memory it takes. CALLS for each of 64 connections (default 200).
# The table is also in target/load.md; docs/trust.md keeps one.
. "$BKT_SRC/lab/lib/all.sh"
. "$BKT_SRC/lab/lib/helper.sh"
. "$BKT_SRC/lab/lib/abuse.sh"
calls=${1:-200}
[[ $calls =~ ^[0-9]+$ ]] || die "say how many calls: ./dev load [CALLS]"
HOST=load-$$
PLAN=/run/lab-plan
COUNT=/run/lab-count
trap helper_host_end EXIT
abuse_host --release
before=$(traces)

row() { # NAME, with the measurements on standard input
  jq -rs --arg name "$1" --arg memory "$(memory)" '
    (map(.micros) | add | sort) as $m | ($m | length) as $n
    | def at($q): ($m[[($n * $q | floor), $n - 1] | min] / 100 | round / 10);
    (map(.outcomes | to_entries) | add | group_by(.key) | map("\(map(.value) | add) \(.[0].key)") | join(", ")) as $out
    | "| \($name) | \($n) | \(at(0.5)) | \(at(0.99)) | \(at(1)) | \($out) | \($memory) |"' | tee -a "$table"
}
table=$BKT_SRC/target/load.md
tee "$table" <<'END'
| what | calls | p50 ms | p99 ms | max ms | how they came out | MiB so far |
| --- | --- | --- | --- | --- | --- | --- |
END
row "first reply of 20 starts" < <(for _ in {1..20}; do
  on sh -c 'systemctl stop bkt-helper.service && systemctl reset-failed bkt-helper.service'
  as sam load first
done)
row "status, nobody else" < <(meanwhile on sleep 3)
row "refused by polkit, 1 connection" < <(as user1 load refused 1 "$calls" $PLAN)
row "refused by polkit, 64 connections of 16 users" < <(refused_by_all "$calls")
row "status meanwhile" < <(meanwhile refused_by_all "$calls")
row "refused, 64 connections of one user" < <(as nobody load refused 64 "$calls" $PLAN)
row "status meanwhile" < <(meanwhile as nobody load refused 64 "$calls" $PLAN)
row "24 MiB each, 16 connections of one user" < <(as nobody load large 16 $((calls / 20 + 1)))
row "status meanwhile" < <(meanwhile as nobody load large 16 $((calls / 20 + 1)))
[ "$(traces)" = "$before" ] || die "something was done that should not have been"
healthy || die "the helper fell over"
