// SPDX-License-Identifier: GPL-3.0-or-later
//! The part of systemd's D-Bus interface the helper uses.

use zbus::wire::OwnedObjectPath;

/// What systemd did to unit files: kind, link, target.
pub type Changes = Vec<(String, String, String)>;

/// systemd's manager object.
#[zbus::proxy(
    interface = "org.freedesktop.systemd1.Manager",
    default_service = "org.freedesktop.systemd1",
    default_path = "/org/freedesktop/systemd1"
)]
pub trait Manager {
    /// Asks for signals.
    fn subscribe(&self) -> zbus::Result<()>;
    /// Starts a unit; answers with the job.
    fn start_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    /// Stops a unit; answers with the job.
    fn stop_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    /// Stops a unit, if it runs, and starts it; answers with the job.
    fn restart_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    /// A loaded unit.
    fn get_unit(&self, name: &str) -> zbus::Result<OwnedObjectPath>;
    /// Enables unit files.
    fn enable_unit_files(&self, files: &[&str], runtime: bool, force: bool) -> zbus::Result<(bool, Changes)>;
    /// Disables unit files.
    fn disable_unit_files(&self, files: &[&str], runtime: bool) -> zbus::Result<Changes>;
    /// Masks unit files.
    fn mask_unit_files(&self, files: &[&str], runtime: bool, force: bool) -> zbus::Result<Changes>;
    /// Unmasks unit files.
    fn unmask_unit_files(&self, files: &[&str], runtime: bool) -> zbus::Result<Changes>;
    /// Reads all unit files again.
    fn reload(&self) -> zbus::Result<()>;
    /// A systemd job is over.
    #[zbus(signal)]
    fn job_removed(&self, id: u32, job: OwnedObjectPath, unit: String, result: String) -> zbus::Result<()>;
}

/// One unit.
#[zbus::proxy(interface = "org.freedesktop.systemd1.Unit", default_service = "org.freedesktop.systemd1")]
pub trait Unit {
    /// `active`, `activating`, `inactive`, `failed` …
    #[zbus(property(emits_changed_signal = "false"))]
    fn active_state(&self) -> zbus::Result<String>;
}

/// The unit that executes a job.
#[must_use]
pub fn executor_unit(job: &str) -> String {
    format!("bkt-executor@{job}.service")
}

/// Whether the executor of a job is at work.
///
/// # Errors
/// systemd cannot be asked.
pub async fn executor_runs(manager: &ManagerProxy<'_>, job: &str) -> zbus::Result<bool> {
    let path = match manager.get_unit(&executor_unit(job)).await {
        Ok(path) => path,
        Err(zbus::Error::MethodError(name, ..)) if name.as_str() == "org.freedesktop.systemd1.NoSuchUnit" => {
            return Ok(false);
        }
        Err(error) => return Err(error),
    };
    let unit = UnitProxy::builder(manager.inner().connection())
        .path(path)
        .cache_properties(zbus::proxy::CacheProperties::No)
        .build()
        .await?;
    Ok(!matches!(unit.active_state().await?.as_str(), "inactive" | "failed"))
}
