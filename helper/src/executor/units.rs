// SPDX-License-Identifier: GPL-3.0-or-later
//! Unit file states, through systemd's own D-Bus interface: no program is run and no path is named.
//!
//! Invariant: systemd is told to read its files again after every change, and a protected unit is refused.

use bkt_core::name::UnitName;
use bkt_core::problem::Problem;
use bkt_core::run::UnitControl;
use bkt_core::value::UnitState;

use crate::protected;
use crate::systemd::ManagerProxy;

/// systemd, for [`UnitControl`].
#[derive(Debug)]
pub(super) struct SystemdUnits {
    runtime: tokio::runtime::Runtime,
    manager: ManagerProxy<'static>,
}

fn problem(unit: &str, error: &zbus::Error) -> Problem {
    let said = match error {
        zbus::Error::MethodError(_, Some(said), _) => said.to_string(),
        other => other.to_string(),
    };
    Problem::new("systemd_refused", format!("systemd did not change {unit}: {said}"))
}

impl SystemdUnits {
    pub(super) fn new() -> Result<Self, Problem> {
        let unreachable =
            |error: &dyn std::fmt::Display| Problem::new("internal", format!("systemd cannot be reached: {error}"));
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| unreachable(&error))?;
        let manager = runtime.block_on(async {
            let connection = zbus::Connection::system().await?;
            ManagerProxy::builder(&connection).cache_properties(zbus::proxy::CacheProperties::No).build().await
        });
        Ok(Self { manager: manager.map_err(|error| unreachable(&error))?, runtime })
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
}

impl UnitControl for SystemdUnits {
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
