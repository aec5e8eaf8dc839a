// SPDX-License-Identifier: GPL-3.0-or-later
//! The client of the root helper: sends a plan once, follows its job, stops it on Ctrl-C.
//!
//! polkit asks for permission through the agent of the person's session. On a plain terminal there may be
//! none, so `pkttyagent` is registered for this process while the call lasts; `--fallback` makes it stand
//! back wherever another agent is there.
//!
//! Invariant: every administrator step of the plan gets exactly one result, also when the helper goes away.

use std::collections::HashMap;
use std::process::Stdio;
use std::time::Duration;

use bkt_core::describe;
use bkt_core::i18n::{fill, gettext};
use bkt_core::plan::Plan;
use bkt_core::problem::Problem;
use bkt_core::run::{Administrator, AdministratorError, Event, StepResult, StepState};
use bkt_helper_api::{Error, HelperProxy, JobProxy};
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};

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
        let mut results = Vec::new();
        let outcome = runtime.block_on(self.follow(plan, &mut |event| match event {
            Event::Operation { n, item, state, problem } => {
                if *state != StepState::Running {
                    let (item, problem) = (item.clone(), problem.clone());
                    results.push(StepResult { n: *n, item, state: *state, problem });
                }
                sink(event);
            }
            Event::Log { .. } => sink(event),
            Event::Start { .. } | Event::End { .. } => {}
        }));
        match outcome {
            Err(error) if results.is_empty() => Err(refusal(error)),
            outcome => {
                let lost = outcome
                    .err()
                    .map_or_else(|| "the helper did not say how this step ended".to_owned(), |error| error.to_string());
                for (n, step) in
                    plan.admin_steps().filter(|(n, _)| !results.iter().any(|result| result.n == *n)).collect::<Vec<_>>()
                {
                    let problem = Problem::new("helper_failed", lost.clone());
                    let result =
                        StepResult { n, item: step.item.clone(), state: StepState::Failed, problem: Some(problem) };
                    sink(&Event::ended(&result));
                    results.push(result);
                }
                Ok(results)
            }
        }
    }
}

impl HelperClient<'_> {
    async fn follow(&self, plan: &Plan, sink: &mut dyn FnMut(&Event)) -> Result<(), Error> {
        let connection = zbus::Connection::system().await?;
        let agent = if self.ui.can_ask { text_agent().await } else { None };
        if self.ui.is_live() && !self.ui.quiet && !self.ui.json {
            let what = describe::admin_summary(plan);
            self.ui.say(&fill(&gettext("Asking for administrator permission: {what}"), &[("what", &what)]));
        }
        let helper = HelperProxy::new(&connection).await?;
        let path = helper.apply(&plan.to_bytes(), &plan.sha256(), HashMap::new()).await?;
        drop(agent);
        let job = JobProxy::builder(&connection).path(path).build().await?;
        let mut next = 0;
        let mut stopping = false;
        loop {
            let (events, after, ended) = tokio::select! {
                batch = job.events(next) => batch?,
                Ok(()) = tokio::signal::ctrl_c(), if !stopping => {
                    stopping = true;
                    self.ui.say(&gettext("Stopping after the step that runs…"));
                    job.cancel().await?;
                    continue;
                }
            };
            // What a newer helper says in words this version does not know is left out.
            events.iter().filter_map(|line| serde_json::from_str(line).ok()).for_each(|event| sink(&event));
            next = after;
            if ended {
                return Ok(());
            }
        }
    }
}

/// Registers polkit's terminal agent for this process; it ends when it is dropped.
async fn text_agent() -> Option<Child> {
    let process = std::process::id().to_string();
    // Not through Host::run: it must live while the call lasts, and talks to the terminal itself.
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

fn refusal(error: Error) -> AdministratorError {
    match error {
        Error::NotAuthorized(_) | Error::InteractionRequired(_) => AdministratorError::NotAuthorized,
        Error::PlanStale(why) => AdministratorError::Stale(why),
        Error::Busy(why) | Error::LimitsExceeded(why) => AdministratorError::Busy(why),
        Error::ZBus(error) if is_absence(&error) => AdministratorError::Unavailable,
        Error::ZBus(error) => AdministratorError::Failed(error.to_string()),
        Error::InvalidPlan(why) | Error::UnknownJob(why) | Error::Failed(why) => AdministratorError::Failed(why),
    }
}

/// Whether there is no bus, or nobody on it who could be the helper.
fn is_absence(error: &zbus::Error) -> bool {
    match error {
        zbus::Error::InputOutput(_) | zbus::Error::Address(_) => true,
        zbus::Error::MethodError(name, ..) => {
            let name = name.as_str();
            name.starts_with("org.freedesktop.DBus.Error.Spawn.")
                || ["ServiceUnknown", "NameHasNoOwner"].iter().any(|end| name.ends_with(end))
                || name == "org.freedesktop.systemd1.NoSuchUnit"
        }
        zbus::Error::FDO(error) => {
            matches!(**error, zbus::fdo::Error::ServiceUnknown(_) | zbus::fdo::Error::NameHasNoOwner(_))
        }
        _ => false,
    }
}
