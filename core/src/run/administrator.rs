// SPDX-License-Identifier: GPL-3.0-or-later
//! The administrator's part of a run: packages, unit files, kernel arguments, system Flatpaks.
//!
//! [`perform`] is what the root executor runs, and what `bkt --root` runs on a directory. It checks the
//! preconditions again, does the steps in batches (one package transaction, one set of kernel arguments),
//! and reads back what it claims. Before a batch starts, a `running` event for each of its steps goes
//! through the sink; the executor's sink writes it to disk first.
//!
//! Invariant: nothing here asks for or grants authorisation, and nothing but validated names reaches a tool.

use crate::compare::Effect;
use crate::deployment::{HostKind, System};
use crate::domain;
use crate::host::{Host, HostError, Invocation};
use crate::name::{KernelArgument, UnitName};
use crate::plan::{Action, Plan, Stale, Step};
use crate::problem::Problem;
use crate::value::{Scope, UnitState};

use super::Sink;
use super::event::{Event, StepResult, StepState};

/// Someone who can do the administrator's part of a plan: the helper, or root itself on a directory.
pub trait Administrator {
    /// Does all administrator steps and tells how each ended.
    ///
    /// # Errors
    /// Nothing was done: permission was refused, the helper is not there, or the plan is stale.
    fn perform(&self, plan: &Plan, sink: Sink<'_>) -> Result<Vec<StepResult>, AdministratorError>;

    /// Whether the person's side may look at the administrator's preconditions before asking.
    fn can_precheck(&self) -> bool {
        true
    }
}

/// Why the administrator's part did not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdministratorError {
    /// Permission was refused or the dialog dismissed.
    #[error("administrator permission was not given")]
    NotAuthorized,
    /// The helper is not installed or cannot be started.
    #[error("system changes are unavailable: the helper is not installed")]
    Unavailable,
    /// The computer is no longer what the plan was made from.
    #[error("the plan is out of date: {0}")]
    Stale(String),
    /// Someone else is changing the system.
    #[error("{0}")]
    Busy(String),
    /// Something else.
    #[error("{0}")]
    Failed(String),
}

impl AdministratorError {
    /// Whether the steps were refused rather than tried.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::NotAuthorized | Self::Unavailable | Self::Stale(_) | Self::Busy(_))
    }
}

impl From<&AdministratorError> for Problem {
    fn from(error: &AdministratorError) -> Self {
        let code = match error {
            AdministratorError::NotAuthorized => "not_authorized",
            AdministratorError::Unavailable => "helper_missing",
            AdministratorError::Stale(_) => "plan_stale",
            AdministratorError::Busy(_) => "busy",
            AdministratorError::Failed(_) => "helper_failed",
        };
        Self::new(code, error.to_string())
    }
}

/// Changes unit file states.
pub trait UnitControl {
    /// Sets a unit file's state and lets systemd know.
    ///
    /// # Errors
    /// The unit does not exist, cannot be changed, or systemd refused.
    fn set(&self, unit: &UnitName, state: UnitState) -> Result<(), Problem>;

    /// Takes back the masking of a unit and lets systemd know.
    ///
    /// # Errors
    /// systemd refused.
    fn unmask(&self, unit: &UnitName) -> Result<(), Problem>;
}

/// Unit states below a root, by `systemctl --root`.
#[derive(Debug, Clone, Copy)]
pub struct SystemctlRoot<'h, H: Host + ?Sized>(pub &'h H);

impl<H: Host + ?Sized> UnitControl for SystemctlRoot<'_, H> {
    fn set(&self, unit: &UnitName, state: UnitState) -> Result<(), Problem> {
        if state == UnitState::Masked {
            return self.systemctl("mask", unit);
        }
        self.unmask(unit)?;
        self.systemctl(if state == UnitState::Enabled { "enable" } else { "disable" }, unit)
    }

    fn unmask(&self, unit: &UnitName) -> Result<(), Problem> {
        self.systemctl("unmask", unit)
    }
}

impl<H: Host + ?Sized> SystemctlRoot<'_, H> {
    fn systemctl(&self, verb: &str, unit: &UnitName) -> Result<(), Problem> {
        let mut invocation = Invocation::new("systemctl", [verb, unit.as_str()]);
        if let Some(root) = self.0.root() {
            invocation = invocation.arg("--root").arg(root.display().to_string());
        }
        self.0.run(&invocation)?.success("systemctl")?;
        Ok(())
    }
}

/// Does the administrator's part in this very process: root on a directory given with `--root`.
pub struct Direct<'h> {
    /// The host to change.
    pub host: &'h dyn Host,
}

impl std::fmt::Debug for Direct<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Direct").finish_non_exhaustive()
    }
}

impl Administrator for Direct<'_> {
    fn perform(&self, plan: &Plan, sink: Sink<'_>) -> Result<Vec<StepResult>, AdministratorError> {
        plan.check().map_err(|error| AdministratorError::Failed(error.to_string()))?;
        perform(plan, self.host, &SystemctlRoot(self.host), &|| false, sink)
            .map_err(|stale| AdministratorError::Stale(stale.to_string()))
    }
}

/// Does all administrator steps of a plan; `stop` is asked before each batch.
///
/// # Errors
/// A precondition does not hold; nothing was changed.
pub fn perform(
    plan: &Plan,
    host: &dyn Host,
    units: &dyn UnitControl,
    stop: &dyn Fn() -> bool,
    sink: Sink<'_>,
) -> Result<Vec<StepResult>, Stale> {
    plan.preconditions.check_system(host)?;
    let system = System::probe(host);
    let steps: Vec<(usize, &Step)> = plan.admin_steps().collect();
    let mut results: Vec<StepResult> = Vec::new();
    for batch in batches(&steps) {
        if stop() {
            let problem = Problem::new("stopped", "the run was stopped before this step");
            finish(batch, StepState::Skipped, Some(&problem), sink, &mut results);
            continue;
        }
        for (n, step) in batch {
            sink(&Event::running(*n, &step.item));
        }
        let outcome = run_batch(batch, host, &system, units, sink);
        match outcome {
            // A package transaction is not atomic: part of a failed one may be there.
            Err(problem) if batch.len() > 1 => verify(batch, host, &system, Some(&problem), sink, &mut results),
            Err(problem) => finish(batch, StepState::Failed, Some(&problem), sink, &mut results),
            Ok(()) => verify(batch, host, &system, None, sink, &mut results),
        }
    }
    Ok(results)
}

fn finish(
    batch: &[(usize, &Step)],
    state: StepState,
    problem: Option<&Problem>,
    sink: Sink<'_>,
    results: &mut Vec<StepResult>,
) {
    for (n, step) in batch {
        let result = StepResult { n: *n, item: step.item.clone(), state, problem: problem.cloned() };
        sink(&Event::ended(&result));
        results.push(result);
    }
}

/// Steps that one call of a tool does together.
fn batches<'a, 'p>(steps: &'a [(usize, &'p Step)]) -> impl Iterator<Item = &'a [(usize, &'p Step)]> {
    steps.chunk_by(|(_, a), (_, b)| a.phase() == b.phase() && is_batched(&a.action))
}

const fn is_batched(action: &Action) -> bool {
    matches!(
        action,
        Action::InstallPackage { .. }
            | Action::RemovePackage { .. }
            | Action::AddKernelArgument { .. }
            | Action::RemoveKernelArgument { .. }
    )
}

fn run_batch(
    batch: &[(usize, &Step)],
    host: &dyn Host,
    system: &System,
    units: &dyn UnitControl,
    sink: Sink<'_>,
) -> Result<(), Problem> {
    let Some((first, step)) = batch.first() else { return Ok(()) };
    let mut tool = |invocation: Invocation| -> Result<(), Problem> {
        let output = host.run_with(&invocation, &mut |line| sink(&Event::log(*first, line)))?;
        output.success(&invocation.program)?;
        Ok(())
    };
    match &step.action {
        Action::InstallPackage { .. } => tool(dnf(host, "install", batch)),
        Action::RemovePackage { .. } => tool(dnf(host, "remove", batch)),
        Action::UnlockSystem {} => match (system.usr_overlay, system.kind) {
            (true, _) => Ok(()),
            (false, HostKind::Image | HostKind::Layered | HostKind::Ostree) => {
                tool(Invocation::new("rpm-ostree", ["usroverlay"]))
            }
            (false, HostKind::ImageOnly | HostKind::Composefs) => tool(Invocation::new("bootc", ["usr-overlay"])),
            (false, HostKind::Package | HostKind::Container) => {
                Err(Problem::new("not_possible", "this computer's programs can be changed as they are"))
            }
        },
        Action::SetUnit { unit, state } => units.set(unit, *state),
        Action::UnmaskUnit { unit } => units.unmask(unit),
        Action::AddKernelArgument { .. } | Action::RemoveKernelArgument { .. } => {
            let arguments = |add: bool| -> Vec<&KernelArgument> {
                batch
                    .iter()
                    .filter_map(|(_, step)| match &step.action {
                        Action::AddKernelArgument { argument } if add => Some(argument),
                        Action::RemoveKernelArgument { argument } if !add => Some(argument),
                        _ => None,
                    })
                    .collect()
            };
            kernel_arguments(host, system.kind, &arguments(true), &arguments(false), &mut tool)
        }
        Action::InstallFlatpak { id, source } => tool(domain::flatpak::install(host, id, source)),
        Action::RemoveFlatpak { id, scope, branch } => tool(domain::flatpak::remove(host, id, *scope, branch.as_ref())),
        Action::AddRemote { name, remote } => {
            domain::remote::bring(host, name, remote, &mut |line| sink(&Event::log(*first, line)))
        }
        Action::RemoveRemote { name } => domain::remote::remove(host, name, Scope::System),
        Action::SetSetting { .. } | Action::SetOwn { .. } | Action::WriteManifest { .. } => {
            Err(Problem::new("internal", "this step is not the administrator’s"))
        }
    }
}

/// One dnf transaction: spelled so that dnf4 and dnf5 both take it. It does not wait for another dnf, which
/// would change what the plan was made from.
fn dnf(host: &dyn Host, verb: &str, batch: &[(usize, &Step)]) -> Invocation {
    let mut invocation = Invocation::new("dnf", ["-y", "--setopt=exit_on_lock=True"]);
    if let Some(root) = host.root() {
        invocation = invocation.arg("--installroot").arg(root.display().to_string());
    }
    invocation = invocation.arg(verb);
    batch.iter().fold(invocation, |invocation, (_, step)| match &step.action {
        Action::InstallPackage { name } | Action::RemovePackage { name } => invocation.arg(name.as_str()),
        _ => invocation,
    })
}

fn kernel_arguments(
    host: &dyn Host,
    kind: HostKind,
    add: &[&KernelArgument],
    remove: &[&KernelArgument],
    tool: &mut dyn FnMut(Invocation) -> Result<(), Problem>,
) -> Result<(), Problem> {
    match kind {
        HostKind::Image | HostKind::Layered | HostKind::Ostree => {
            let mut invocation = Invocation::new("rpm-ostree", ["kargs"]);
            invocation = add
                .iter()
                .fold(invocation, |invocation, argument| invocation.arg(format!("--append-if-missing={argument}")));
            tool(
                remove
                    .iter()
                    .fold(invocation, |invocation, argument| invocation.arg(format!("--delete-if-present={argument}"))),
            )
        }
        HostKind::Package => Ok(domain::karg::edit_entries(host, add, remove)?),
        HostKind::ImageOnly | HostKind::Composefs | HostKind::Container => {
            Err(Problem::new("not_possible", "kernel arguments of this computer come only from its image")
                .hinted("Add them to the recipe"))
        }
    }
}

/// Reads back what a batch was to bring about; `failure` is what its tool said when it failed.
fn verify(
    batch: &[(usize, &Step)],
    host: &dyn Host,
    system: &System,
    failure: Option<&Problem>,
    sink: Sink<'_>,
    results: &mut Vec<StepResult>,
) {
    let installed = batch
        .iter()
        .any(|(_, step)| matches!(step.action, Action::InstallPackage { .. } | Action::RemovePackage { .. }))
        .then(|| domain::pkg::installed(host));
    let arguments = batch
        .iter()
        .any(|(_, step)| matches!(step.action, Action::AddKernelArgument { .. } | Action::RemoveKernelArgument { .. }))
        .then(|| domain::karg::next_start(host, system.kind));
    for (n, step) in batch {
        let unreadable =
            |error: &HostError| Problem::new("unverified", format!("the result could not be read: {error}"));
        let is_so = match &step.action {
            Action::InstallPackage { name } | Action::RemovePackage { name } => match &installed {
                Some(Ok((names, _))) => {
                    Ok(names.contains(name.as_str()) == matches!(step.action, Action::InstallPackage { .. }))
                }
                Some(Err(error)) => Err(unreadable(error)),
                None => Ok(false),
            },
            Action::AddKernelArgument { argument } | Action::RemoveKernelArgument { argument } => match &arguments {
                Some(Ok(set)) => Ok(set.contains(argument) == matches!(step.action, Action::AddKernelArgument { .. })),
                Some(Err(error)) => Err(unreadable(error)),
                None => Ok(false),
            },
            Action::SetUnit { unit, state } => {
                domain::unit::states(host, std::iter::once(unit)).map(|states| states.get(unit) == Some(state))
            }
            Action::UnmaskUnit { unit } => domain::unit::states(host, std::iter::once(unit))
                .map(|states| states.get(unit) != Some(&UnitState::Masked)),
            Action::InstallFlatpak { id, source } => {
                domain::flatpak::is_installed(host, id, source.scope, source.branch.as_ref())
                    .map_err(|error| unreadable(&error))
            }
            Action::RemoveFlatpak { id, scope, branch } => {
                domain::flatpak::is_installed(host, id, *scope, branch.as_ref())
                    .map(|there| !there)
                    .map_err(|error| unreadable(&error))
            }
            Action::UnlockSystem {} => Ok(System::probe(host).usr_overlay),
            Action::AddRemote { name, remote } => domain::remote::is_so(host, name, Some(remote)),
            Action::RemoveRemote { name } => domain::remote::is_so(host, name, None),
            Action::SetSetting { .. } | Action::SetOwn { .. } | Action::WriteManifest { .. } => Ok(false),
        };
        let (state, problem) = match is_so {
            Ok(true) if step.effect == Effect::Restart => (StepState::Waiting, None),
            Ok(true) => (StepState::Done, None),
            Ok(false) => {
                let unlike = || {
                    let message = format!("{} is not as it should be although the tool reported success", step.item);
                    Problem::new("unverified", message)
                };
                (StepState::Failed, Some(failure.cloned().unwrap_or_else(unlike)))
            }
            Err(problem) => (StepState::Failed, Some(problem)),
        };
        finish(&[(*n, *step)], state, problem.as_ref(), sink, results);
    }
}
