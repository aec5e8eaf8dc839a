// SPDX-License-Identifier: GPL-3.0-or-later
//! Ctrl-C during a run.
//!
//! Until a run begins it ends the program at once, as everywhere. From then on it stops the run where core can
//! stop: between the person's part and the administrator's, and inside the administrator's part. The person's own
//! steps run to their end.
//!
//! Invariant: once a run began no Ctrl-C keeps its receipt from being written.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;

use bkt_core::host::Host;
use bkt_core::i18n::gettext;
use bkt_core::plan::Plan;
use bkt_core::problem::Problem;
use bkt_core::run::administrator::{SystemctlRoot, perform};
use bkt_core::run::{Administrator, AdministratorError, Event, StepResult, StepState};
use tokio::signal::unix::{SignalKind, signal};

use crate::ui::Ui;

/// Whether Ctrl-C was pressed since the run began.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interrupt {
    asked: Arc<AtomicBool>,
    /// The administrator's part listens, and answers, by itself.
    answered: Arc<AtomicBool>,
}

impl Interrupt {
    /// Listens from now on, to the end of the program.
    pub(crate) fn watch(&self, ui: &Ui) {
        let (interrupt, ui) = (self.clone(), ui.clone());
        let (ready, is_ready) = mpsc::channel::<()>();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            // Without a listener Ctrl-C ends the program, as it did before.
            let Ok(runtime) = runtime else { return };
            runtime.block_on(async move {
                let Ok(mut presses) = signal(SignalKind::interrupt()) else { return };
                drop(ready);
                while presses.recv().await.is_some() {
                    let again = interrupt.asked.swap(true, Ordering::Relaxed);
                    if !again && !interrupt.answered.load(Ordering::Relaxed) {
                        // Over the line of what runs.
                        let clear = if ui.is_live() { "\r\x1b[K" } else { "" };
                        ui.say(&format!("{clear}{}", gettext("Stopping after your own steps…")));
                    }
                }
            });
        });
        // Ends, by being dropped on the other side, when presses are heard or never will be.
        let _ = is_ready.recv();
    }

    /// Says nothing when it is pressed: what is left undone says so.
    pub(crate) fn quietly(self) -> Self {
        self.answered.store(true, Ordering::Relaxed);
        self
    }

    pub(crate) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}

/// An administrator that does not begin after Ctrl-C.
#[derive(Debug)]
pub(crate) struct Interruptible<'i, A> {
    pub(crate) inner: A,
    pub(crate) interrupt: &'i Interrupt,
}

impl<A: Administrator> Administrator for Interruptible<'_, A> {
    fn perform(&self, plan: &Plan, sink: &mut dyn FnMut(&Event)) -> Result<Vec<StepResult>, AdministratorError> {
        self.interrupt.answered.store(true, Ordering::Relaxed);
        if !self.interrupt.is_asked() {
            return self.inner.perform(plan, sink);
        }
        let skipped = plan.admin_steps().map(|(n, step)| {
            let problem = Problem::new("stopped", gettext("the run was stopped before this step"));
            let result = StepResult { n, item: step.item.clone(), state: StepState::Skipped, problem: Some(problem) };
            sink(&Event::ended(&result));
            result
        });
        Ok(skipped.collect())
    }

    fn can_precheck(&self) -> bool {
        self.inner.can_precheck()
    }
}

/// Does the administrator's part in this process, for root on a directory given with `--root`.
pub(crate) struct Direct<'h> {
    pub(crate) host: &'h dyn Host,
    pub(crate) interrupt: &'h Interrupt,
}

impl Administrator for Direct<'_> {
    fn perform(&self, plan: &Plan, sink: &mut dyn FnMut(&Event)) -> Result<Vec<StepResult>, AdministratorError> {
        perform(plan, self.host, &SystemctlRoot(self.host), &|| self.interrupt.is_asked(), sink)
            .map_err(|stale| AdministratorError::Stale(stale.to_string()))
    }
}
