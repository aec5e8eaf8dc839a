// SPDX-License-Identifier: GPL-3.0-or-later
//! Recognising that a tool failed because another program changes the system.

use bkt_core::problem::Problem;
use bkt_core::run::Event;

/// What the tools say then: dnf4, rpm, dnf5, rpm-ostree, ostree.
const LOCKED: [&str; 6] = [
    "can't create transaction lock",
    "waiting for process with pid",
    "failed to obtain rpm transaction lock",
    "failed to obtain the transaction lock",
    "transaction in progress",
    "opening sysroot lock",
];

/// The event, with `busy` where that is why it failed.
pub(super) fn named(event: Event) -> Event {
    match event {
        Event::Operation { n, item, state, problem: Some(problem) } if is_locked(&problem) => {
            let problem = Problem::new("busy", problem.message).hinted("Wait until the other program is done");
            Event::Operation { n, item, state, problem: Some(problem) }
        }
        other => other,
    }
}

fn is_locked(problem: &Problem) -> bool {
    let said = problem.message.to_lowercase();
    problem.code == "command_failed" && LOCKED.iter().any(|words| said.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_of_another_program_is_busy() {
        let busy = |message: &str| is_locked(&Problem::new("command_failed", message));
        assert!(busy("dnf failed: can't create transaction lock on /usr/lib/sysimage/rpm/.rpm.lock"));
        assert!(busy("rpm-ostree failed: Transaction in progress: upgrade"));
        assert!(!busy("dnf failed: Unable to find a match: htop"));
    }
}
