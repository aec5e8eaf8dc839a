// SPDX-License-Identifier: GPL-3.0-or-later
//! Unit file states, starting and stopping, through systemd's own D-Bus interface: no program is run and no path is
//! named. A job counts by its end, as JobRemoved tells it, not by having been accepted.
//!
//! Invariant: systemd is told to read its files again after every change, and a protected unit is refused.

use std::path::PathBuf;
use std::pin::pin;

use bkt_core::name::UnitName;
use bkt_core::problem::Problem;
use bkt_core::run::{Operation, UnitControl};
use bkt_core::value::UnitState;

use super::shield::shielded;
use crate::auth::next;
use crate::protected;
use crate::systemd::{ManagerProxy, executor_unit};

/// Where bootc tells how far it has come: in a directory of root's alone (`RuntimeDirectory=`).
const PROGRESS_PIPE: &str = "/run/bkt/progress";

/// systemd, for [`UnitControl`].
#[derive(Debug)]
pub(super) struct SystemdUnits {
    runtime: tokio::runtime::Runtime,
    manager: ManagerProxy<'static>,
    own: String,
}

fn problem(unit: &str, error: &zbus::Error) -> Problem {
    let said = match error {
        zbus::Error::MethodError(_, Some(said), _) => said.to_string(),
        other => other.to_string(),
    };
    Problem::new("systemd_refused", format!("systemd did not change {unit}: {said}"))
}

impl SystemdUnits {
    /// For the executor of a job.
    pub(super) fn new(job: &str) -> Result<Self, Problem> {
        let unreachable =
            |error: &dyn std::fmt::Display| Problem::new("internal", format!("systemd cannot be reached: {error}"));
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| unreachable(&error))?;
        let manager = runtime.block_on(async {
            let connection = zbus::Connection::system().await?;
            ManagerProxy::builder(&connection).cache_properties(zbus::proxy::CacheProperties::No).build().await
        });
        Ok(Self { manager: manager.map_err(|error| unreachable(&error))?, runtime, own: executor_unit(job) })
    }

    async fn change(&self, unit: &str, state: UnitState) -> zbus::Result<()> {
        let files = [unit];
        if state == UnitState::Masked {
            self.manager.mask_unit_files(&files, false, false).await?;
        } else {
            self.manager.unmask_unit_files(&files, false).await?;
            if state == UnitState::Enabled {
                self.manager.enable_unit_files(&files, false, false).await?;
            } else {
                self.manager.disable_unit_files(&files, false).await?;
            }
        }
        self.manager.reload().await
    }

    /// Starts a job and waits for its end.
    async fn job(&self, unit: &str, operation: Operation) -> zbus::Result<String> {
        // Listened for before it begins, so that a short one is not missed.
        let mut removed = pin!(self.manager.receive_job_removed().await?);
        // A second subscription of one connection is refused, and the first one still stands.
        let _ = self.manager.subscribe().await;
        let job = match operation {
            Operation::Start => self.manager.start_unit(unit, "replace").await?,
            Operation::Stop => self.manager.stop_unit(unit, "replace").await?,
            Operation::Restart => self.manager.restart_unit(unit, "replace").await?,
        };
        while let Some(signal) = next(removed.as_mut()).await {
            let told = signal.args()?;
            if *told.job() == job {
                return Ok(told.result().clone());
            }
        }
        Err(zbus::Error::Failure("the connection to systemd ended".to_owned()))
    }
}

/// What the end of a job means (org.freedesktop.systemd1(5), JobRemoved).
fn ended(unit: &str, result: &str) -> Result<(), Problem> {
    let said = match result {
        // “skipped”: a condition of the unit does not hold, so there is nothing to start.
        "done" => return Ok(()),
        "skipped" => format!("{unit} was not started: a condition in it does not hold"),
        "canceled" => format!("{unit}: another program cancelled it"),
        "timeout" => format!("{unit} took too long"),
        "dependency" => format!("{unit} was not started: a unit it needs failed"),
        _ => format!("{unit} failed"),
    };
    Err(Problem::new("unit_job_failed", said).hinted(format!("See why: journalctl -b -u {unit}")))
}

impl UnitControl for SystemdUnits {
    fn operate(&self, unit: &UnitName, operation: Operation) -> Result<(), Problem> {
        let name = unit.as_str();
        if operation != Operation::Start && protected::refuses(name, UnitState::Disabled) {
            return Err(Problem::new("protected", format!("{unit} keeps this computer usable and is never stopped")));
        }
        let result = self.runtime.block_on(self.job(name, operation)).map_err(|error| problem(name, &error))?;
        ended(name, &result)
    }

    fn reload(&self) -> Result<(), Problem> {
        self.runtime.block_on(self.manager.reload()).map_err(|error| problem("its unit files", &error))
    }

    fn own_unit(&self) -> Option<&str> {
        Some(&self.own)
    }

    fn progress_pipe(&self) -> Option<PathBuf> {
        // One executor works at a time, so one name is enough, and what a killed one left is in nobody's way.
        Some(PathBuf::from(PROGRESS_PIPE))
    }

    fn shielded(&self, work: &mut dyn FnMut() -> Result<(), Problem>) -> Result<(), Problem> {
        shielded(&self.runtime, self.manager.inner().connection(), work)
    }

    fn unmask(&self, unit: &UnitName) -> Result<(), Problem> {
        let unmask = async {
            self.manager.unmask_unit_files(&[unit.as_str()], false).await?;
            self.manager.reload().await
        };
        self.runtime.block_on(unmask).map_err(|error| problem(unit.as_str(), &error))
    }

    fn set(&self, unit: &UnitName, state: UnitState) -> Result<(), Problem> {
        if protected::refuses(unit.as_str(), state) {
            return Err(Problem::new(
                "protected",
                format!("{unit} keeps this computer usable and is never turned off"),
            ));
        }
        self.runtime.block_on(self.change(unit.as_str(), state)).map_err(|error| problem(unit.as_str(), &error))
    }
}
