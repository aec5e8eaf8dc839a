// SPDX-License-Identifier: GPL-3.0-or-later
//! Which answer is the newest.
//!
//! Invariant: an answer to an older question never replaces a newer one.

/// Numbers questions and tells whether an answer still matters.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Generation {
    asked: u64,
    answered: u64,
}

impl Generation {
    /// A number for a new question.
    pub(crate) fn ask(&mut self) -> u64 {
        self.asked += 1;
        self.asked
    }

    /// Whether an answer is newer than every one before; then it counts as the last.
    pub(crate) fn accept(&mut self, answer: u64) -> bool {
        let newer = answer > self.answered;
        self.answered = self.answered.max(answer);
        newer
    }

    /// Whether a question waits for its answer.
    pub(crate) fn is_waiting(self) -> bool {
        self.asked > self.answered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_answer_is_dropped() {
        let mut generation = Generation::default();
        let (first, second) = (generation.ask(), generation.ask());
        assert!(generation.is_waiting());
        assert!(generation.accept(second));
        assert!(!generation.accept(first));
        assert!(!generation.is_waiting());
    }
}
