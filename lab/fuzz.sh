# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# ./dev fuzz [SECONDS] [TARGET…]: libFuzzer on what Bucket reads, SECONDS in all (default 60), from the fixtures on.
# The targets are in fuzz/src/targets.rs. What was found before is kept in target/fuzz/corpus; an input that fails
# is named, and kept in target/fuzz/failed.
# ./dev fuzz bus [SECONDS]: random calls of everything the helper has on the bus of a lab host, as root and as nobody.
if [ "${1:-}" = bus ]; then
  shift
  . "$BKT_SRC/lab/lib/fuzz_bus.sh"
  exit
fi
seconds=${1:-60}
[[ $seconds =~ ^[0-9]+$ ]] || die "say how many seconds: ./dev fuzz [SECONDS] [TARGET…]"
targets=("${@:2}")
[ "${#targets[@]}" -gt 0 ] || mapfile -t targets < <(sed -nE 's/.*Target \{ name: "([a-z]+)".*/\1/p' "$BKT_SRC/fuzz/src/targets.rs")
out=$BKT_SRC/target/fuzz

# What cargo-fuzz passes, with a stable compiler: coverage for all crates, no sanitizer, because no code here is unsafe.
flags="-Cpasses=sancov-module -Ccodegen-units=1 -Cllvm-args=-sanitizer-coverage-level=4"
flags+=" -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table"
flags+=" -Cllvm-args=-sanitizer-coverage-trace-compares"
note "building for fuzzing"
(RUSTFLAGS=$flags inside cargo build --quiet --release --target x86_64-unknown-linux-gnu \
  --manifest-path fuzz/Cargo.toml --target-dir "$out/build") || die "the fuzz targets do not build: the errors are above"

bad=0
for target in "${targets[@]}"; do
  mkdir -p "$out/corpus/$target" "$out/seeds/$target" "$out/failed"
  note "fuzzing $target"
  if (BKT_FUZZ=$target BKT_FUZZ_SEEDS=$out/seeds/$target inside "$out/build/x86_64-unknown-linux-gnu/release/bkt-fuzz" \
    "$out/corpus/$target" "$out/seeds/$target" "-artifact_prefix=$out/failed/$target-" \
    -max_total_time=$(((seconds + ${#targets[@]} - 1) / ${#targets[@]})) -timeout=10 -max_len=65536 \
    -print_final_stats=1) >"$out/$target.log" 2>&1; then
    printf '%-9s %s inputs, %s kept\n' "$target" "$(sed -nE 's/^stat::number_of_executed_units: //p' "$out/$target.log")" \
      "$(find "$out/corpus/$target" -type f | wc -l)"
  else
    bad=1
    grep -E -A 3 "panicked at|ERROR: libFuzzer" "$out/$target.log" | head -n 12
    printf '%-9s FAILED: %s\n' "$target" "$(sed -nE 's/.*Test unit written to (.*)/\1/p' "$out/$target.log")"
  fi
done
[ "$bad" = 0 ] || die "an input failed; run it again with BKT_FUZZ=TARGET $out/build/x86_64-unknown-linux-gnu/release/bkt-fuzz FILE"
