// SPDX-License-Identifier: GPL-3.0-or-later
//! The D-Bus contract of `org.bkt.Helper1`: names, members, errors and the client's side of a job.
//!
//! A plan travels as its canonical bytes in one call together with the hash that was reviewed. `Apply`
//! answers with a job object at once; the job's events can be read from any offset, so a late or second
//! window sees the whole run. Interaction with polkit happens only when the caller allows it
//! (`#[zbus(allow_interactive_auth)]` on the proxy).
//!
//! Invariant: this crate knows nothing of what a plan or an event means; both are text to it.

#![forbid(unsafe_code)]

use std::collections::HashMap;

use zbus::DBusError;
use zbus::proxy::CacheProperties;
use zbus::wire::OwnedObjectPath;

/// The system bus name.
pub const BUS_NAME: &str = "org.bkt.Helper1";
/// The object that takes plans.
pub const OBJECT_PATH: &str = "/org/bkt/Helper1";
/// Job objects are children of this path.
pub const JOB_PREFIX: &str = "/org/bkt/Helper1/job";

/// Whoever changes the system holds this file locked: the executor, and first boot.
pub const EXECUTOR_LOCK: &str = "/run/bkt/executor.lock";

/// Action ids of polkit, one per kind of power.
pub mod action {
    /// The one a person is asked for: a whole plan.
    pub const APPLY_PLAN: &str = "org.bkt.helper.apply-plan";
    /// Installing packages.
    pub const PACKAGES_INSTALL: &str = "org.bkt.helper.packages-install";
    /// Removing packages.
    pub const PACKAGES_REMOVE: &str = "org.bkt.helper.packages-remove";
    /// Where packages come from.
    pub const SOFTWARE_SOURCES: &str = "org.bkt.helper.software-sources";
    /// Unit file states.
    pub const SERVICES: &str = "org.bkt.helper.services";
    /// Files of `/etc`.
    pub const SYSTEM_FILES: &str = "org.bkt.helper.system-files";
    /// Kernel arguments.
    pub const BOOT_ARGUMENTS: &str = "org.bkt.helper.boot-arguments";
    /// Which image and version the computer starts.
    pub const SYSTEM_IMAGE: &str = "org.bkt.helper.system-image";
    /// Flatpaks for everyone.
    pub const SYSTEM_FLATPAKS: &str = "org.bkt.helper.system-flatpaks";
    /// Stopping someone else's job.
    pub const CANCEL_FOREIGN: &str = "org.bkt.helper.cancel-foreign";
    /// All of them.
    pub const ALL: [&str; 10] = [
        APPLY_PLAN,
        PACKAGES_INSTALL,
        PACKAGES_REMOVE,
        SOFTWARE_SOURCES,
        SERVICES,
        SYSTEM_FILES,
        BOOT_ARGUMENTS,
        SYSTEM_IMAGE,
        SYSTEM_FLATPAKS,
        CANCEL_FOREIGN,
    ];
}

/// Why the helper refused; the name is stable, the text says what to do.
#[derive(Debug, DBusError)]
#[zbus(prefix = "org.bkt.Helper1.Error")]
pub enum Error {
    /// The bus itself failed.
    #[zbus(error)]
    ZBus(zbus::Error),
    /// The person refused, or may not.
    NotAuthorized(String),
    /// Permission needs a dialog and the caller did not allow one.
    InteractionRequired(String),
    /// The bytes are no valid plan, or not the ones of the hash.
    InvalidPlan(String),
    /// The computer is no longer what the plan was made from.
    PlanStale(String),
    /// Another job runs, or another program changes the system.
    Busy(String),
    /// Too many calls or jobs of this user.
    LimitsExceeded(String),
    /// There is no such job for this caller.
    UnknownJob(String),
    /// Something went wrong inside the helper.
    Failed(String),
}

/// The object that takes plans.
#[zbus::proxy(interface = "org.bkt.Helper1", default_service = "org.bkt.Helper1", default_path = "/org/bkt/Helper1")]
pub trait Helper {
    /// Decodes a plan and says what running it would need: a JSON document with `sha256`, `actions` (polkit
    /// ids), `summary` and `steps` (numbers of the administrator steps). Nothing is read, run or asked.
    fn preview(&self, plan: &[u8]) -> Result<String, Error>;

    /// Asks for permission and starts the administrator's part of a plan; answers with the job's path.
    /// The same plan again joins the job that runs it.
    #[zbus(allow_interactive_auth)]
    fn apply(
        &self,
        plan: &[u8],
        sha256: &str,
        options: HashMap<String, zbus::OwnedVariant>,
    ) -> Result<OwnedObjectPath, Error>;

    /// A JSON document: `version`, `jobs` (ids, states, plan hashes of the caller's), `interrupted` (jobs a crash ended).
    fn status(&self) -> Result<String, Error>;

    /// A JSON list of past jobs, newest first, at most `limit` (100).
    fn history(&self, limit: u32) -> Result<String, Error>;
}

/// One running or finished job.
#[zbus::proxy(interface = "org.bkt.Helper1.Job", default_service = "org.bkt.Helper1")]
pub trait Job {
    /// Events from number `from` on, each one line of JSON, the next number to ask for, and whether the job
    /// ended. Waits until there is something to say, at most 30 seconds.
    fn events(&self, from: u32) -> Result<(Vec<String>, u32, bool), Error>;

    /// Stops the job before its next step.
    #[zbus(allow_interactive_auth)]
    fn cancel(&self) -> Result<(), Error>;

    /// `pending`, `running`, `done`, `partial`, `failed` or `interrupted`. Changes are told by events only.
    #[zbus(property(emits_changed_signal = "false"))]
    fn state(&self) -> Result<String, Error>;

    /// The SHA-256 of the plan.
    #[zbus(property(emits_changed_signal = "const"))]
    fn plan_sha256(&self) -> Result<String, Error>;
}

/// How many answers in a row may be lost before the helper counts as gone.
const LOST_ANSWERS: u8 = 3;

/// Submits a plan and follows its job to the end, passing on every event; every administrator step gets
/// exactly one final event. A helper that is restarted meanwhile is asked on from the next event.
///
/// # Errors
/// The helper refused, vanished, or could not be reached.
pub async fn run_plan(
    connection: &zbus::Connection,
    plan: &[u8],
    sha256: &str,
    on_event: impl FnMut(&str),
) -> Result<(), Error> {
    let helper = HelperProxy::builder(connection).cache_properties(CacheProperties::No).build().await?;
    let path = helper.apply(plan, sha256, HashMap::new()).await?;
    follow_job(connection, path, 0, on_event).await
}

/// Follows a job from event number `next` to its end, as [`run_plan`] does.
///
/// # Errors
/// There is no such job of the caller's, or the helper could not be reached.
pub async fn follow_job(
    connection: &zbus::Connection,
    path: OwnedObjectPath,
    mut next: u32,
    mut on_event: impl FnMut(&str),
) -> Result<(), Error> {
    let job = JobProxy::builder(connection).path(path).cache_properties(CacheProperties::No).build().await?;
    let mut lost = 0;
    loop {
        let (events, after, ended) = match job.events(next).await {
            Err(Error::ZBus(_)) if lost < LOST_ANSWERS => {
                lost += 1;
                continue;
            }
            other => other?,
        };
        lost = 0;
        events.iter().for_each(|event| on_event(event));
        next = after;
        if ended {
            return Ok(());
        }
    }
}
