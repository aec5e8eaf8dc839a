// SPDX-License-Identifier: GPL-3.0-or-later
//! Noticing that a step hangs: its tool printed nothing for longer than such a step is ever silent.
//!
//! Nothing is ended for it: a package transaction that is killed leaves half of itself. It is said in the job's events
//! and in the journal, and whoever waits can ask the job to stop after the step.
//!
//! Invariant: a step is reported once for each time it falls silent, and never after it ended.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use bkt_core::plan::{Action, Plan};
use bkt_core::run::{Event, StepState};

/// How long a step may be silent.
fn patience(action: &Action) -> Duration {
    let minutes = match action {
        // A script of a package may build a kernel module without a word.
        Action::InstallPackage { .. } | Action::RemovePackage { .. } => 15,
        // Without a terminal flatpak, rpm-ostree and bootc say nothing while they download.
        Action::LayerPackage { .. }
        | Action::UnlayerPackage { .. }
        | Action::ResetBasePackage { .. }
        | Action::RemoveBasePackage { .. }
        | Action::InstallFlatpak { .. }
        | Action::RemoveFlatpak { .. }
        | Action::UpgradeSystem {}
        | Action::SwitchSystem { .. } => 30,
        // systemd and rpm-ostree have shorter limits of their own.
        _ => 5,
    };
    Duration::from_secs(minutes * 60)
}

/// What the watch is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// A step began, and may be silent for so long.
    Began(usize, Duration),
    /// A tool printed something.
    Heard,
    /// A step ended.
    Ended,
}

/// Watches the steps of a job until it is dropped.
#[derive(Debug)]
pub(super) struct Vigil {
    signs: Sender<Sign>,
    patience: Vec<(usize, Duration)>,
}

impl Vigil {
    /// Begins; `report` gets the number of a step that hangs and how long it was silent.
    pub(super) fn begin(plan: &Plan, report: impl FnMut(usize, Duration) + Send + 'static) -> Self {
        let (signs, received) = channel();
        std::thread::spawn(move || watch(&received, report));
        Self { signs, patience: plan.admin_steps().map(|(n, step)| (n, patience(&step.action))).collect() }
    }

    /// Hears an event of the run.
    pub(super) fn hear(&self, event: &Event) {
        let sign = match event {
            Event::Operation { n, state: StepState::Running, .. } => {
                let Some((_, patience)) = self.patience.iter().find(|(step, _)| step == n) else { return };
                Sign::Began(*n, *patience)
            }
            Event::Operation { .. } => Sign::Ended,
            _ => Sign::Heard,
        };
        // The watch ends only with this.
        let _ = self.signs.send(sign);
    }
}

fn watch(signs: &Receiver<Sign>, mut report: impl FnMut(usize, Duration)) {
    let (mut step, mut is_silent) = (None, false);
    loop {
        let sign = match step {
            Some((n, patience)) if !is_silent => match signs.recv_timeout(patience) {
                Err(RecvTimeoutError::Timeout) => {
                    report(n, patience);
                    is_silent = true;
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return,
                Ok(sign) => sign,
            },
            _ => match signs.recv() {
                Err(_) => return,
                Ok(sign) => sign,
            },
        };
        is_silent = false;
        match sign {
            Sign::Began(n, patience) => step = Some((n, patience)),
            Sign::Ended => step = None,
            Sign::Heard => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(50);
    const LONG: Duration = Duration::from_secs(30);

    #[test]
    fn a_step_is_reported_each_time_it_falls_silent_and_not_when_it_ended() {
        let ((signs, received), (reports, reported)) = (channel(), channel());
        let watching = std::thread::spawn(move || watch(&received, |n, _| reports.send(n).unwrap()));
        signs.send(Sign::Began(1, LONG)).unwrap();
        signs.send(Sign::Ended).unwrap();
        signs.send(Sign::Began(2, SOON)).unwrap();
        assert_eq!(reported.recv_timeout(LONG), Ok(2));
        assert!(reported.recv_timeout(SOON * 4).is_err(), "once is enough");
        signs.send(Sign::Heard).unwrap();
        assert_eq!(reported.recv_timeout(LONG), Ok(2), "it spoke and fell silent again");
        signs.send(Sign::Ended).unwrap();
        assert!(reported.recv_timeout(SOON * 4).is_err(), "between steps nothing hangs");
        drop(signs);
        watching.join().unwrap();
    }

    #[test]
    fn no_step_may_be_silent_for_ever() {
        let install = Action::InstallPackage { name: "htop".parse().unwrap() };
        assert_eq!(patience(&install), Duration::from_secs(900));
        assert_eq!(patience(&Action::ReloadUnits {}), Duration::from_secs(300));
    }
}
