// SPDX-License-Identifier: GPL-3.0-or-later
//! How far bootc has come: the JSON lines of its `--progress-fd` (bootc's progress-v0.schema.json; read from 1.1 on).
//!
//! Invariant: what a newer bootc says in other words is left out, and what is told never goes back.

use serde::Deserialize;

use crate::run::{Event, Stage};

/// One line.
#[derive(Debug, Deserialize)]
#[serde(tag = "type")]
enum Line {
    ProgressBytes {
        task: String,
        bytes: u64,
        #[serde(rename = "bytesTotal")]
        total: u64,
    },
    ProgressSteps {
        task: String,
        steps: u64,
        #[serde(rename = "stepsTotal")]
        total: u64,
    },
    #[serde(other)]
    Other,
}

/// What a download, an import and a deployment are of the whole, in percent: their beginnings and ends.
const SHARES: [(&str, Stage, u64, u64); 3] = [
    ("pulling", Stage::Downloading, 0, 80),
    ("importing", Stage::Importing, 80, 90),
    ("staging", Stage::Deploying, 90, 100),
];

/// What has been told of one run of bootc.
#[derive(Debug, Default)]
pub(crate) struct Told {
    percent: Option<u8>,
}

impl Told {
    /// Whether this line is one of bootc's progress, and what it says that was not said before.
    pub(crate) fn hear(&mut self, n: usize, line: &str) -> Option<Option<Event>> {
        if !line.starts_with('{') {
            return None;
        }
        let (task, done, total) = match serde_json::from_str(line).ok()? {
            Line::ProgressBytes { task, bytes, total } => (task, bytes, total),
            Line::ProgressSteps { task, steps, total } => (task, steps, total),
            Line::Other => return Some(None),
        };
        let Some((_, stage, begin, end)) = SHARES.into_iter().find(|(name, ..)| *name == task) else {
            return Some(None);
        };
        // Nothing of nothing: bootc does not know how much it will be, or all of it was there.
        let part = u128::from(done.min(total)) * u128::from(end - begin) / u128::from(total.max(1));
        let percent = u8::try_from(u128::from(begin) + part).unwrap_or(100);
        if self.percent.is_some_and(|told| told >= percent) {
            return Some(None);
        }
        self.percent = Some(percent);
        Some(Some(Event::Progress { n, percent, stage }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_upgrade_is_told_once_per_percent_and_ends_at_the_end() {
        let mut told = Told::default();
        let lines = include_str!("../../fixtures/bootc/progress-upgrade.jsonl");
        let heard: Vec<Event> = lines.lines().filter_map(|line| told.hear(2, line).unwrap()).collect();
        let numbers: Vec<u8> = heard
            .iter()
            .map(|event| match event {
                Event::Progress { n: 2, percent, .. } => *percent,
                other => panic!("{other:?}"),
            })
            .collect();
        assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
        assert_eq!((numbers.first(), numbers.last()), (Some(&0), Some(&100)));
        let at = |percent: u8| {
            heard.iter().find(|event| matches!(event, Event::Progress { percent: p, .. } if *p == percent))
        };
        assert_eq!(at(80), Some(&Event::Progress { n: 2, percent: 80, stage: Stage::Downloading }));
        assert_eq!(at(90), Some(&Event::Progress { n: 2, percent: 90, stage: Stage::Importing }));
        assert_eq!(at(100), Some(&Event::Progress { n: 2, percent: 100, stage: Stage::Deploying }));
    }

    #[test]
    fn what_is_no_progress_is_output() {
        let mut told = Told::default();
        assert_eq!(told.hear(1, "No changes in registry:example.com/os"), None);
        assert_eq!(told.hear(1, "{not json"), None);
        assert_eq!(told.hear(1, r#"{"type":"Start","version":"0.1.0"}"#), Some(None));
        assert_eq!(told.hear(1, r#"{"type":"ProgressSteps","task":"new","steps":1,"stepsTotal":2}"#), Some(None));
        // How much it will be is not known.
        let unknown =
            r#"{"type":"ProgressBytes","task":"pulling","bytes":18446744073709551615,"bytesTotal":0,"more":1}"#;
        let event = Event::Progress { n: 1, percent: 0, stage: Stage::Downloading };
        assert_eq!(told.hear(1, unknown), Some(Some(event)));
    }
}
