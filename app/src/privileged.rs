// SPDX-License-Identifier: GPL-3.0-or-later
//! Who does the administrator's part: the helper on the system bus, or this process on a directory.
//!
//! Invariant: every administrator step of the plan gets exactly one result, also when the helper goes away.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bkt_core::host::Host;
use bkt_core::plan::Plan;
use bkt_core::problem::Problem;
use bkt_core::run::administrator::{SystemctlRoot, perform};
use bkt_core::run::{Administrator, AdministratorError, Event, StepResult, StepState};
use bkt_helper_api::{Error, HelperProxy, JobProxy};

/// Asks a run to stop before its next step.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Asks for it.
    pub(crate) fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Begins a new run.
    pub(crate) fn clear(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Does the administrator's part in this process, for root on a directory given with `--root`.
pub(crate) struct Direct<'h> {
    pub(crate) host: &'h dyn Host,
    pub(crate) stop: &'h Stop,
}

impl Administrator for Direct<'_> {
    fn perform(&self, plan: &Plan, sink: &mut dyn FnMut(&Event)) -> Result<Vec<StepResult>, AdministratorError> {
        perform(plan, self.host, &SystemctlRoot(self.host), &|| self.stop.is_asked(), sink)
            .map_err(|stale| AdministratorError::Stale(stale.to_string()))
    }
}

/// The root helper on the system bus.
pub(crate) struct Helper<'s> {
    pub(crate) stop: &'s Stop,
}

impl Administrator for Helper<'_> {
    fn perform(&self, plan: &Plan, sink: &mut dyn FnMut(&Event)) -> Result<Vec<StepResult>, AdministratorError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| AdministratorError::Failed(error.to_string()))?;
        let mut results: Vec<StepResult> = Vec::new();
        let outcome = runtime.block_on(self.follow(plan, &mut |event| {
            if let Event::Operation { n, item, state, problem } = event
                && *state != StepState::Running
            {
                results.push(StepResult { n: *n, item: item.clone(), state: *state, problem: problem.clone() });
            }
            // Beginning and end belong to the whole plan, which core runs.
            if matches!(event, Event::Operation { .. } | Event::Log { .. }) {
                sink(event);
            }
        }));
        let lost = match outcome {
            Err(error) if results.is_empty() => return Err(refusal(error)),
            Err(error) => error.to_string(),
            Ok(()) => "the helper did not say how this step ended".to_owned(),
        };
        for (n, step) in plan.admin_steps() {
            if results.iter().all(|result| result.n != n) {
                let problem = Some(Problem::new("helper_failed", lost.clone()));
                let result = StepResult { n, item: step.item.clone(), state: StepState::Failed, problem };
                sink(&Event::ended(&result));
                results.push(result);
            }
        }
        Ok(results)
    }
}

impl Helper<'_> {
    async fn follow(&self, plan: &Plan, sink: &mut dyn FnMut(&Event)) -> Result<(), Error> {
        let connection = zbus::Connection::system().await?;
        let helper = HelperProxy::new(&connection).await?;
        let path = helper.apply(&plan.to_bytes(), &plan.sha256(), HashMap::new()).await?;
        let job = JobProxy::builder(&connection).path(path).build().await?;
        let mut next = 0;
        let mut stopping = false;
        loop {
            let asked = async {
                while !self.stop.is_asked() {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            };
            let (events, after, ended) = tokio::select! {
                batch = job.events(next) => batch?,
                () = asked, if !stopping => {
                    stopping = true;
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
        zbus::Error::InputOutput(_) | zbus::Error::Connection(..) | zbus::Error::Address(_) => true,
        zbus::Error::MethodError(name, ..) => is_absent_name(name.as_str()),
        zbus::Error::FDO(error) => is_absent_name(zbus::DBusError::name(error.as_ref()).as_str()),
        _ => false,
    }
}

fn is_absent_name(name: &str) -> bool {
    let ends = ["ServiceUnknown", "NameHasNoOwner", "ActivationFailed", "NoSuchUnit", "NoServer", "FileNotFound"];
    name.starts_with("org.freedesktop.DBus.Error.Spawn.") || ends.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_helper_nobody_can_start_is_missing_not_broken() {
        assert!(is_absent_name("org.freedesktop.DBus.Error.ServiceUnknown"));
        assert!(is_absent_name("org.freedesktop.DBus.Error.Spawn.ChildExited"));
        assert!(!is_absent_name("org.freedesktop.DBus.Error.NoReply"));
        assert_eq!(refusal(Error::NotAuthorized(String::new())), AdministratorError::NotAuthorized);
        assert_eq!(refusal(Error::PlanStale("x".into())), AdministratorError::Stale("x".into()));
    }
}
