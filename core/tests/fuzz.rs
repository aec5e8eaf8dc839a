// SPDX-License-Identifier: GPL-3.0-or-later
//! The fuzz targets on their seeds and on some thousands of damaged ones, the same every time; `./dev fuzz` goes on from there.
//!
//! Invariant: no input is random, so what fails here fails again.

#![expect(clippy::panic, clippy::unwrap_used, reason = "tests stop at the first surprise")]
#![expect(clippy::disallowed_methods, reason = "a setup to read is written first")]

#[path = "recorded/host.rs"]
mod recorded;
#[path = "../../fuzz/src/targets.rs"]
mod targets;

/// How many damaged inputs each target gets.
const DAMAGED: usize = 400;

/// Numbers that look random (xorshift64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit.max(1)
    }
}

/// What a damaged file may have where it had something else.
const PIECES: [&str; 12] = ["\0", "\u{feff}", "\r\n", "\t", "\"", "{", "]", ",", "-", "99999999999999999999", "é", "*"];

fn damage(input: &mut Vec<u8>, other: &[u8], numbers: &mut Numbers) {
    let at = numbers.below(input.len() + 1);
    let end = (at + numbers.below(12)).min(input.len());
    match numbers.below(6) {
        0 => input.truncate(at),
        1 => drop(input.drain(at..end)),
        2 => drop(input.splice(at..at, PIECES[numbers.below(PIECES.len())].bytes())),
        3 => {
            let copy = input[at..end].to_vec();
            drop(input.splice(at..at, copy));
        }
        4 => {
            let from = numbers.below(other.len());
            let piece = other[from..(from + 40).min(other.len())].to_vec();
            drop(input.splice(at..end, piece));
        }
        _ => {
            if let Some(byte) = input.get_mut(at) {
                *byte = u8::try_from(numbers.below(256)).unwrap();
            }
        }
    }
}

#[test]
fn what_is_read_from_outside_may_say_anything() {
    std::thread::scope(|scope| {
        for target in &targets::ALL {
            scope.spawn(move || {
                let seeds = (target.seeds)();
                assert!(!seeds.is_empty(), "{} has no seeds", target.name);
                seeds.iter().for_each(|seed| (target.run)(seed));
                let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
                for n in 0..DAMAGED {
                    let mut input = seeds[n % seeds.len()].clone();
                    for _ in 0..=numbers.below(3) {
                        let other = &seeds[numbers.below(seeds.len())];
                        damage(&mut input, other, &mut numbers);
                    }
                    let tried = std::panic::catch_unwind(|| (target.run)(&input));
                    assert!(tried.is_ok(), "{}: {:?}", target.name, String::from_utf8_lossy(&input));
                }
            });
        }
    });
}
