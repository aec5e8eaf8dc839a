// SPDX-License-Identifier: GPL-3.0-or-later
//! The root helper from a terminal: sends a plan once, follows its job, stops it on Ctrl-C.
//!
//! polkit asks for permission through the agent of the person's session. On a plain terminal there may be
//! none, so `pkttyagent` is registered for this process until the answer is there; `--fallback` makes it stand
//! back wherever another agent is there.

use std::future::pending;
use std::process::Stdio;
use std::time::Duration;

use bkt_core::describe;
use bkt_core::i18n::{fill, gettext};
use bkt_core::plan::Plan;
use bkt_core::run::{Administrator, AdministratorError, Event, StepResult};
use bkt_helper_client::Client;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

use crate::ui::Ui;

/// The helper on the system bus.
#[derive(Debug)]
pub(crate) struct HelperClient<'u> {
    ui: &'u Ui,
}

impl<'u> HelperClient<'u> {
    /// A client that speaks to the person through `ui`.
    pub(crate) const fn new(ui: &'u Ui) -> Self {
        Self { ui }
    }
}

impl Administrator for HelperClient<'_> {
    fn perform(&self, plan: &Plan, sink: &mut dyn FnMut(&Event)) -> Result<Vec<StepResult>, AdministratorError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| AdministratorError::Failed(error.to_string()))?;
        runtime.block_on(self.run(plan, sink))
    }
}

impl HelperClient<'_> {
    async fn run(&self, plan: &Plan, sink: &mut dyn FnMut(&Event)) -> Result<Vec<StepResult>, AdministratorError> {
        let client = Client::connect().await?;
        // From here on, so that a Ctrl-C at the dialog stops the job before its first step.
        let mut presses = signal(SignalKind::interrupt()).ok();
        let agent = if self.ui.can_ask { text_agent().await } else { None };
        if self.ui.is_live() && !self.ui.quiet && !self.ui.json {
            let what = describe::admin_summary(plan);
            self.ui.say(&fill(&gettext("Asking for administrator permission: {what}"), &[("what", &what)]));
        }
        let job = client.submit(plan).await?;
        drop(agent);
        let stop = async {
            match &mut presses {
                Some(presses) => presses.recv().await,
                None => pending().await,
            };
            self.ui.say(&gettext("Stopping after the step that runs…"));
        };
        Ok(job.follow(stop, sink).await)
    }
}

/// Registers polkit's terminal agent for this process; it ends when it is dropped.
async fn text_agent() -> Option<Child> {
    let process = std::process::id().to_string();
    // Not through Host::run: it must live while the call lasts, and talks to the terminal itself.
    #[expect(clippy::disallowed_methods, reason = "the agent lives as long as the call, which Host::run cannot do")]
    let mut agent = Command::new("/usr/bin/pkttyagent")
        .args(["--process", &process, "--fallback", "--notify-fd", "1"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .ok()?;
    // It closes the descriptor once it is registered, or by ending.
    let mut registered = agent.stdout.take()?;
    let _ = tokio::time::timeout(Duration::from_secs(5), registered.read(&mut [0; 16])).await;
    Some(agent)
}
