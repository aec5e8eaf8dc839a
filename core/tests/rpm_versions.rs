// SPDX-License-Identifier: GPL-3.0-or-later
//! Versions of packages are in the order the real rpm puts them in.
//!
//! Invariant: rpm is started once for many pairs; where there is no rpm the test says so, and fails under CI.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]
#![expect(clippy::disallowed_methods, reason = "the real rpm is asked")]

use std::cmp::Ordering;
use std::process::Command;

use bkt_core::deployment::packages::{PackageStep, Packages};
use proptest::prelude::*;

type Pair = (String, String);

/// What rpm says of each pair.
fn ask_rpm(pairs: &[Pair]) -> Option<Vec<Ordering>> {
    let file = tempfile::NamedTempFile::new().unwrap();
    let lines: String = pairs.iter().map(|(one, other)| format!("{one} {other}\n")).collect();
    std::fs::write(&file, lines).unwrap();
    let script = format!(
        "%{{lua:for line in io.lines('{}') do local space = string.find(line, ' ', 1, true) \
         print(rpm.vercmp(string.sub(line, 1, space - 1), string.sub(line, space + 1)) .. ' ') end}}",
        file.path().display()
    );
    let output = match Command::new("rpm").args(["--eval", &script]).output() {
        Ok(output) => output,
        Err(error) => {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI needs rpm: {error}");
            eprintln!("skipped: rpm is not here ({error})");
            return None;
        }
    };
    let said = String::from_utf8(output.stdout).unwrap();
    let order = |line: &str| line.parse::<i32>().unwrap_or_else(|error| panic!("{error}: {said}")).cmp(&0);
    let orders: Vec<Ordering> = said.split_whitespace().map(order).collect();
    assert_eq!(orders.len(), pairs.len(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(orders)
}

/// What a package diff says of the same pair.
fn ours((before, after): &Pair) -> Ordering {
    let packages = |version: &str| Packages::parse(&format!("it\t{version}\tnoarch\n"));
    let diff = packages(before).diff(&packages(after));
    match diff.0.first().map(|change| change.change) {
        Some(PackageStep::Downgraded) => Ordering::Greater,
        Some(PackageStep::Upgraded) => Ordering::Less,
        _ => Ordering::Equal,
    }
}

fn check(pairs: &[Pair]) {
    let Some(theirs) = ask_rpm(pairs) else { return };
    for (pair, theirs) in pairs.iter().zip(theirs) {
        // Versions that rpm takes for equal but that read differently are told as a new version.
        let expected = if theirs == Ordering::Equal && pair.0 != pair.1 { Ordering::Less } else { theirs };
        assert_eq!(ours(pair), expected, "{pair:?}: rpm says {theirs:?}");
    }
}

#[test]
fn pairs_that_text_order_gets_wrong() {
    let versions = [
        "1.9-1",
        "1.10-1",
        "1.10-2",
        "1.10-10",
        "1:0.1-1",
        "2:0.1-1",
        "0:1.10-1",
        "10:0.1-1",
        "1.0~rc1-1",
        "1.0~rc10-1",
        "1.0~~-1",
        "1.0-1",
        "1.0^git1-1",
        "1.0^git1~pre-1",
        "1.0^20261118.g1-1",
        "1.0.1-1",
        "1.0a-1",
        "1.0.a-1",
        "1.0_1-1",
        "1_0-1",
        "001.0-1",
        "1.00-1",
        "1.0-0.1.fc44",
        "1.0-1.fc43",
        "1.0-1.fc44",
        "1.0-1.fc44~bootstrap",
        "5.0.0.rc1-1",
        "6.17.8-300.fc44",
        "20261118-1",
        "20261118git-1",
        "a-1",
        "A-1",
        "~-1",
        "^-1",
        "1..0-1",
        "1.-1",
        "99999999999999999999-1",
        "100000000000000000000-1",
    ];
    let pairs: Vec<Pair> =
        versions.iter().flat_map(|one| versions.iter().map(|other| ((*one).to_owned(), (*other).to_owned()))).collect();
    check(&pairs);
}

fn version() -> impl Strategy<Value = String> {
    let part = "[0-9a-cA-B._+~^]{1,8}";
    (proptest::option::of(0..3u8), part, part).prop_map(|(epoch, version, release)| {
        epoch.map_or_else(|| format!("{version}-{release}"), |epoch| format!("{epoch}:{version}-{release}"))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_two_versions(pairs in proptest::collection::vec((version(), version()), 500)) {
        check(&pairs);
    }
}
