# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# ./dev test: everything CI runs. Format, lints, licences, lab/checks/*.sh, cargo's tests, then the booted
# lab/scenarios/*.sh. The last line counts them all. Logs are in target/test/.
. "$BKT_SRC/lab/sample.sh"

passed=0 failed=0 skipped=0
logs=$BKT_SRC/target/test
rm -rf "$logs"
mkdir -p "$logs"

pass() { passed=$((passed + 1)); }
fail() { # NAME WHY
  failed=$((failed + 1))
  printf 'FAIL %s: %s\n' "$1" "$2"
}
skip() { # NAME WHY: a skip in CI is a failure, or nobody would ever notice it
  if [ "${CI:-}" = true ]; then
    fail "$1" "skipped in CI: $2"
  else
    skipped=$((skipped + 1))
    printf 'SKIP %s: %s\n' "$1" "$2"
  fi
}

# step NAME COMMAND…: one counted step; its output is only shown when it fails.
step() {
  local name=$1 log=$logs/${1//[^a-z0-9-]/-}.log
  shift
  note "$name"
  if ("$@") >"$log" 2>&1; then
    pass
  else
    fail "$name" "exit $?"
    grep -v -E '^ +(Compiling|Checking|Downloaded|Downloading|Blocking)|^test .* ok$' "$log" | tail -n 60
  fi
}

# cargo's own tests: what it says of each test is what is counted. Some work on copies of the sample computer.
cargo_tests() {
  local log=$logs/cargo-test.log rc=0 ok bad name why
  note "cargo test"
  if [ "$(id -u)" = 0 ]; then
    sample "$logs/sample"
    export BKT_SAMPLE=$logs/sample
  else
    skip "tests on the sample computer" "making it needs root"
  fi
  (inside "$BKT_SRC/lab/lib/headless.sh" cargo test --workspace --no-fail-fast) >"$log" 2>&1 || rc=$?
  ok=$(sum 's/^test result: .* ([0-9]+) passed; .*/\1/p' "$log")
  bad=$(sum 's/^test result: .* ([0-9]+) failed; .*/\1/p' "$log")
  passed=$((passed + ok)) failed=$((failed + bad))
  while read -r name why; do skip "$name" "$why"; done < <(sed -nE 's/^test (.*) \.\.\. ignored,? ?(.*)/\1 \2/p' "$log")
  if [ "$bad" -gt 0 ]; then
    sed -n '/^failures:$/,/^test result:/p' "$log"
  elif [ "$rc" != 0 ]; then
    fail "cargo test" "exit $rc"
    grep -v -E '^ +Compiling|^test .* ok$' "$log" | tail -n 60
  fi
}
sum() { echo $(($(sed -nE "$1" "$2" | paste -sd+ | grep . || echo 0))); }

# lines NAME COMMAND…: checks and scenarios print one PASS, FAIL or SKIP line per thing they looked at; one
# that prints none counts as one thing, by its exit code.
lines() {
  local name=$1 log=$logs/$1.log rc=0 line bad=0 some=0
  shift
  note "$name"
  ("$@") >"$log" 2>&1 </dev/null || rc=$?
  while IFS= read -r line; do
    case $line in
      "PASS "*) pass ;;
      "FAIL "*) bad=1 && fail "$name" "${line#FAIL }" ;;
      "SKIP "*) skip "$name" "${line#SKIP }" ;;
      *) continue ;;
    esac
    some=1
  done <"$log"
  if [ "$rc" != 0 ] && [ "$bad" = 0 ]; then
    fail "$name" "ended with $rc before it was done"
    grep -v '^PASS ' "$log" | tail -n 40
  elif [ "$some" = 0 ] && [ "$bad" = 0 ]; then
    pass
  fi
}

# The advisory database lives on a git host that CI may not reach, so advisories are not checked here.
deny() {
  if [ ! -x "$BKT_CACHE/tools/bin/cargo-deny" ]; then
    (inside cargo install --quiet --locked cargo-deny@0.20.2 --root "$BKT_CACHE/tools") || return 1
  fi
  inside "$BKT_CACHE/tools/bin/cargo-deny" --log-level warn check bans licenses sources
}

cd "$BKT_SRC" || exit
native || root_path build >/dev/null
step "fmt" inside cargo fmt --all --check
step "clippy" inside cargo clippy --workspace --all-targets -- -D warnings
step "cargo deny" deny
for file in lab/checks/*.sh; do
  [ ! -x "$file" ] || lines "$(basename "$file" .sh)" inside "$BKT_SRC/$file"
done
cargo_tests
step "build" inside cargo build --workspace
for file in lab/scenarios/*.sh; do
  if [ ! -x "$file" ]; then
    continue
  elif [ "$(id -u)" = 0 ]; then
    lines "$(basename "$file" .sh)" "$BKT_SRC/$file"
  else
    skip "$(basename "$file" .sh)" "booting a lab host needs root"
  fi
done

printf '%d passed, %d failed' "$passed" "$failed"
[ "$skipped" = 0 ] || printf ', %d skipped' "$skipped"
printf '\n'
[ "$failed" = 0 ]
