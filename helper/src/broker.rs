// SPDX-License-Identifier: GPL-3.0-or-later
//! The broker: from a call on the bus to a job that systemd executes.
//!
//! Order of a call: a place among the calls, the caller's identity, the plan in memory only, polkit, and
//! only then the first file. No lock is held while polkit or systemd answers.
//!
//! Invariant: one job at a time; a second plan is refused, the same plan of the same user joins.

pub mod follow;
pub mod idle;
pub mod job_object;
pub mod service;
pub mod upgrade;
pub mod watch_dir;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bkt_core::plan::{Plan, hash};
use bkt_helper_api::{BUS_NAME, Error, JOB_PREFIX, OBJECT_PATH};
use jiff::Timestamp;
use tokio::sync::watch;
use zbus::fdo::{DBusProxy, RequestNameFlags};
use zbus::message::Header;
use zbus::names::OwnedUniqueName;
use zbus::wire::OwnedObjectPath;

use crate::auth::surface::{Guard, Member};
use crate::auth::{Authorized, Gate};
use crate::caller::Caller;
use crate::event_log::EventLog;
use crate::job::{JobId, Record, State};
use crate::journal::{self, Entry};
use crate::protected;
use crate::quota::{Quota, Slot};
use crate::store::Store;
use crate::systemd::ManagerProxy;
use job_object::JobObject;
use service::HelperObject;

/// How large the arguments of a call may be: a plan, its hash and room for options.
const MAX_CALL: usize = bkt_core::plan::MAX_BYTES + 4096;

/// A job as the broker knows it.
#[derive(Debug)]
pub struct Job {
    id: JobId,
    uid: u32,
    sha256: String,
    log: EventLog,
    /// Also touched when there are new events.
    state: watch::Sender<State>,
}

impl Job {
    fn new(store: &Store, id: JobId, record: &Record) -> Arc<Self> {
        let log = EventLog::at(&store.events(&id));
        Arc::new(Self {
            log,
            id,
            uid: record.uid,
            sha256: record.sha256.clone(),
            state: watch::Sender::new(record.state),
        })
    }

    /// How far it is.
    #[must_use]
    pub fn state(&self) -> State {
        *self.state.borrow()
    }

    fn path(&self) -> OwnedObjectPath {
        // A prefix that is a path and 32 hexadecimal digits always make a path.
        OwnedObjectPath::try_from(format!("{JOB_PREFIX}/{}", self.id)).unwrap_or_default()
    }
}

/// Everything the exported objects share.
#[derive(Debug)]
pub struct Broker {
    /// Where callers reach it. What the broker itself asks goes over another connection, see [`Broker::start`].
    connection: zbus::Connection,
    bus: DBusProxy<'static>,
    gate: Gate,
    manager: ManagerProxy<'static>,
    quota: Quota,
    store: Store,
    jobs: Mutex<BTreeMap<JobId, Arc<Job>>>,
    running: watch::Sender<usize>,
    leaving: watch::Sender<bool>,
}

fn internal(what: &str) -> impl Fn(&dyn std::fmt::Display) -> Error + '_ {
    move |error| {
        journal::say(&Entry::new(journal::HELPER, format!("{what}: {error}")));
        Error::Failed(format!("{what}; the system journal says why"))
    }
}

impl Broker {
    /// Exports the objects, explains what a crash left behind, and takes the bus name.
    ///
    /// The two connections differ. Callers send to the one that has the name and can fill its queue at the bus
    /// (`max_outgoing_bytes`, dbus-daemon(1)); what the bus, polkit or systemd then answer on it is dropped without a
    /// word, and who asked would wait for ever. So the broker asks on `own`, where nobody else sends anything.
    ///
    /// # Errors
    /// The bus or the state directory is unusable, or another helper owns the name.
    pub async fn start(
        connection: zbus::Connection,
        own: &zbus::Connection,
        store: Store,
    ) -> anyhow::Result<Arc<Self>> {
        store.prepare()?;
        let bus = DBusProxy::new(own).await?;
        let broker = Arc::new(Self {
            gate: Gate::new(own, bus.clone()).await?,
            manager: ManagerProxy::builder(own).cache_properties(zbus::proxy::CacheProperties::No).build().await?,
            bus,
            quota: Quota::default(),
            store,
            jobs: Mutex::default(),
            running: watch::Sender::new(0),
            leaving: watch::Sender::new(false),
            connection,
        });
        broker.store.prune()?;
        for (id, record) in broker.store.list()? {
            let job = Job::new(&broker.store, id.clone(), &record);
            broker.jobs().insert(id, job.clone());
            broker.export(&job).await?;
            if !record.state.is_end() {
                follow::resume(&broker, job).await?;
            }
        }
        let helper = HelperObject::new(broker.clone());
        broker.connection.object_server().at(OBJECT_PATH, helper).await?;
        broker.take_name().await?;
        Ok(broker)
    }

    async fn take_name(&self) -> zbus::Result<()> {
        self.connection.request_name_with_flags(BUS_NAME, RequestNameFlags::DO_NOT_QUEUE).await.map(|_| ())
    }

    async fn export(self: &Arc<Self>, job: &Arc<Job>) -> zbus::Result<()> {
        self.connection.object_server().at(job.path(), JobObject::new(self.clone(), job.clone())).await.map(|_| ())
    }

    fn jobs(&self) -> MutexGuard<'_, BTreeMap<JobId, Arc<Job>>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a call its place and learns who makes it. What the table asks for beyond that is decided for a job
    /// by [`Self::admit_to`], and for a plan by the gate.
    async fn admit(&self, header: &Header<'_>, member: Member) -> Result<(Caller, Slot), Error> {
        // Before anything is waited for: what waits is kept in memory.
        if header.primary().body_len() as usize > MAX_CALL {
            return Err(Error::LimitsExceeded("the call is too large".to_owned()));
        }
        let slot = self.quota.enter()?;
        let caller = Caller::of(&self.bus, header).await?;
        let slot = slot.of(caller.uid, member.row().kind)?;
        Ok((caller, slot))
    }

    /// The same for a call that is about a job.
    async fn admit_to(&self, job: &Job, header: &Header<'_>, member: Member) -> Result<(Caller, Slot), Error> {
        let (caller, slot) = self.admit(header, member).await?;
        if !caller.may_see(job.uid) {
            match member.row().guard {
                Guard::JobOr(action) => self.gate.may(&caller, action).await?,
                _ => return Err(Error::UnknownJob("there is no such job of yours".to_owned())),
            }
        }
        Ok((caller, slot))
    }

    /// Asks for permission and starts a job, or joins the one that runs the same plan for the same user.
    async fn apply(self: &Arc<Self>, caller: &Caller, bytes: &[u8], sha256: &str) -> Result<OwnedObjectPath, Error> {
        let plan = decode(bytes, Some(sha256))?;
        if let Some(job) = self.join(caller.uid, sha256)? {
            return Ok(job.path());
        }
        let plan = self.gate.authorize(caller, plan, sha256).await?;
        self.begin(plan, &caller.name).await
    }

    /// The running job of this plan, none if nothing runs.
    fn join(&self, uid: u32, sha256: &str) -> Result<Option<Arc<Job>>, Error> {
        match self.jobs().values().find(|job| !job.state().is_end()) {
            None => Ok(None),
            Some(job) if job.uid == uid && job.sha256 == sha256 => Ok(Some(job.clone())),
            Some(_) => {
                Err(Error::Busy("another change of this computer is running; try again when it is done".to_owned()))
            }
        }
    }

    async fn begin(
        self: &Arc<Self>,
        plan: Authorized<Plan>,
        caller: &OwnedUniqueName,
    ) -> Result<OwnedObjectPath, Error> {
        let job = {
            // Asked again, because the dialog may have been open for minutes.
            if let Some(job) = self.join(plan.uid(), plan.sha256())? {
                return Ok(job.path());
            }
            let failed = internal("the job could not be written");
            let (id, record) = self.store.create(&plan, Timestamp::now()).map_err(|error| failed(&error))?;
            let job = Job::new(&self.store, id.clone(), &record);
            self.jobs().insert(id, job.clone());
            job
        };
        journal::say(
            &Entry::new(journal::JOB_STARTED, format!("Job {} runs plan {}", job.id, plan.value().short()))
                .with("JOB_ID", &job.id)
                .with("PLAN_HASH", plan.sha256())
                .with("CALLER_UID", plan.uid())
                .with("CALLER_NAME", caller),
        );
        match follow::launch(self, job.clone()).await {
            Ok(()) => {
                self.forget_old().await;
                Ok(job.path())
            }
            Err(error) => {
                follow::end(self, &job).await;
                Err(internal("the job could not be started")(&error))
            }
        }
    }

    async fn forget_old(&self) {
        for id in self.store.prune().unwrap_or_default() {
            let job = self.jobs().remove(&id);
            if let Some(job) = job {
                let _ = self.connection.object_server().remove::<JobObject, _>(job.path()).await;
            }
        }
    }
}

/// Reads a plan the helper would run, in memory only.
fn decode(bytes: &[u8], sha256: Option<&str>) -> Result<Plan, Error> {
    if bytes.len() <= bkt_core::plan::MAX_BYTES && sha256.is_some_and(|sha256| hash(bytes) != sha256) {
        return Err(Error::InvalidPlan("the plan is not the one that was reviewed: its hash differs".to_owned()));
    }
    let plan = Plan::from_bytes(bytes).map_err(|error| Error::InvalidPlan(safe(&error.to_string())))?;
    if plan.admin_steps().next().is_none() {
        return Err(Error::InvalidPlan("the plan has no step for an administrator".to_owned()));
    }
    if let Some(name) = protected::first_in(&plan) {
        return Err(Error::InvalidPlan(format!("{name} is protected and is never changed in this way")));
    }
    Ok(plan)
}

/// Text of a caller's making, safe for terminals and logs.
fn safe(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(300).collect()
}
