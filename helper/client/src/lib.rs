// SPDX-License-Identifier: GPL-3.0-or-later
//! The client's side of the root helper: sends a plan once, follows its job, asks it to stop.
//!
//! The command line and the window share it. Up to [`Client::submit`] nothing was tried, and what goes wrong is
//! a refusal; from then on the job runs whether or not anyone listens, and [`Job::follow`] always has results.
//!
//! Invariant: every administrator step of the plan gets exactly one result, also when the helper goes away.

#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;

use bkt_core::plan::Plan;
use bkt_core::problem::Problem;
use bkt_core::run::{AdministratorError, Event, Sink, StepResult, StepState};
use bkt_helper_api::{Error, HelperProxy, JobProxy, follow_job};
use zbus::proxy::CacheProperties;
use zbus::wire::OwnedObjectPath;

/// How often a job is asked to stop when the answer gets lost.
const STOP_TRIES: usize = 4;

/// A connection to the helper.
#[derive(Debug, Clone)]
pub struct Client(zbus::Connection);

/// A plan the helper took; its job runs.
#[derive(Debug)]
#[must_use = "the job runs, and its steps need results"]
pub struct Job<'p> {
    connection: zbus::Connection,
    path: OwnedObjectPath,
    plan: &'p Plan,
}

impl Client {
    /// The helper on the system bus.
    ///
    /// # Errors
    /// There is no system bus.
    pub async fn connect() -> Result<Self, AdministratorError> {
        zbus::Connection::system().await.map(Self).map_err(|_| AdministratorError::Unavailable)
    }

    /// The helper on a bus one is connected to.
    #[must_use]
    pub const fn on(connection: zbus::Connection) -> Self {
        Self(connection)
    }

    /// Asks for permission and starts the administrator's part of a plan.
    ///
    /// # Errors
    /// Nothing was done: see [`refusal`].
    pub async fn submit<'p>(&self, plan: &'p Plan) -> Result<Job<'p>, AdministratorError> {
        let apply = async {
            let helper = HelperProxy::builder(&self.0).cache_properties(CacheProperties::No).build().await?;
            helper.apply(&plan.to_bytes(), &plan.sha256(), HashMap::new()).await
        };
        let path = apply.await.map_err(refusal)?;
        Ok(Job { connection: self.0.clone(), path, plan })
    }
}

impl Job<'_> {
    /// Follows the job to its end and passes its events on; asks it to stop when `stop` is ready.
    pub async fn follow(self, stop: impl Future<Output = ()>, sink: Sink<'_>) -> Vec<StepResult> {
        let mut results: Vec<StepResult> = Vec::new();
        let is_open = |results: &[StepResult], n: usize| {
            self.plan.admin_steps().any(|(step, _)| step == n) && results.iter().all(|result| result.n != n)
        };
        let on_event = |line: &str| {
            // What a newer helper says in words this version does not know is left out.
            let Ok(event) = serde_json::from_str(line) else { return };
            match &event {
                Event::Operation { n, item, state, problem } => {
                    if !is_open(&results, *n) {
                        return;
                    }
                    if *state != StepState::Running {
                        let (item, problem) = (item.clone(), problem.clone());
                        results.push(StepResult { n: *n, item, state: *state, problem });
                    }
                }
                Event::Log { .. } | Event::Progress { .. } => {}
                // Beginning and end belong to the whole plan, which core runs.
                Event::Start { .. } | Event::End { .. } => return,
            }
            sink(&event);
        };
        let outcome = {
            let mut followed = pin!(follow_job(&self.connection, self.path.clone(), 0, on_event));
            tokio::select! {
                outcome = &mut followed => outcome,
                () = stop => tokio::join!(followed, self.ask_to_stop()).0,
            }
        };
        let lost = match outcome {
            Ok(()) => "the helper did not say how this step ended".to_owned(),
            Err(error) => format!("the helper did not say how this step ended: {error}"),
        };
        for (n, step) in self.plan.admin_steps() {
            if results.iter().all(|result| result.n != n) {
                let problem = Some(Problem::new("helper_failed", lost.clone()));
                let result = StepResult { n, item: step.item.clone(), state: StepState::Failed, problem };
                sink(&Event::ended(&result));
                results.push(result);
            }
        }
        results
    }

    /// A request that does not arrive changes nothing: the job runs to its end and is followed.
    async fn ask_to_stop(&self) {
        for _ in 0..STOP_TRIES {
            let asked = async {
                let job = JobProxy::builder(&self.connection).path(&self.path);
                job.cache_properties(CacheProperties::No).build().await?.cancel().await
            };
            // Only an answer that got lost is worth another try: the helper may have been restarted.
            if !matches!(asked.await, Err(Error::ZBus(_))) {
                return;
            }
        }
    }
}

/// What it means for a run that a plan was not taken.
#[must_use]
pub fn refusal(error: Error) -> AdministratorError {
    match error {
        Error::NotAuthorized(_) | Error::InteractionRequired(_) => AdministratorError::NotAuthorized,
        // A plan the helper does not take was refused, not tried: a new one may be taken.
        Error::PlanStale(why) | Error::InvalidPlan(why) => AdministratorError::Stale(why),
        Error::Busy(why) | Error::LimitsExceeded(why) => AdministratorError::Busy(why),
        Error::ZBus(error) => match error_name(&error) {
            Some(name) if is_absence(&name) => AdministratorError::Unavailable,
            Some(name) if name == "org.freedesktop.DBus.Error.AccessDenied" => AdministratorError::NotAuthorized,
            // The answer got lost, so nobody knows whether the plan was taken.
            _ => AdministratorError::Failed(error.to_string()),
        },
        Error::UnknownJob(why) | Error::Failed(why) => AdministratorError::Failed(why),
    }
}

fn error_name(error: &zbus::Error) -> Option<String> {
    match error {
        zbus::Error::MethodError(name, ..) => Some(name.to_string()),
        zbus::Error::FDO(error) => Some(zbus::DBusError::name(error.as_ref()).to_string()),
        _ => None,
    }
}

/// Whether an error says that nobody is there who could be the helper, and nobody can be started.
fn is_absence(name: &str) -> bool {
    const BUS: &str = "org.freedesktop.DBus.Error.";
    name.starts_with("org.freedesktop.systemd1.")
        || name.strip_prefix(BUS).is_some_and(|error| {
            error.starts_with("Spawn.") || ["ServiceUnknown", "NameHasNoOwner", "NoServer", "TimedOut"].contains(&error)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_helper_nobody_can_start_is_missing_not_broken() {
        for name in [
            "org.freedesktop.DBus.Error.ServiceUnknown",
            "org.freedesktop.DBus.Error.NameHasNoOwner",
            "org.freedesktop.DBus.Error.Spawn.ChildExited",
            "org.freedesktop.systemd1.NoSuchUnit",
            "org.freedesktop.systemd1.UnitMasked",
        ] {
            assert!(is_absence(name), "{name}");
        }
        for name in ["org.freedesktop.DBus.Error.NoReply", "org.bkt.Helper1.Error.Failed"] {
            assert!(!is_absence(name), "{name}");
        }
    }

    #[test]
    fn what_was_refused_was_not_tried() {
        let text = || "x".to_owned();
        for error in [
            Error::NotAuthorized(text()),
            Error::InteractionRequired(text()),
            Error::InvalidPlan(text()),
            Error::PlanStale(text()),
            Error::Busy(text()),
            Error::LimitsExceeded(text()),
            Error::ZBus(zbus::fdo::Error::ServiceUnknown(text()).into()),
            Error::ZBus(zbus::fdo::Error::AccessDenied(text()).into()),
        ] {
            let said = format!("{error:?}");
            assert!(refusal(error).is_refusal(), "{said}");
        }
        for error in [Error::Failed(text()), Error::ZBus(zbus::fdo::Error::NoReply(text()).into())] {
            let said = format!("{error:?}");
            assert!(!refusal(error).is_refusal(), "{said}");
        }
    }
}
