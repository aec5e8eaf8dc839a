// SPDX-License-Identifier: GPL-3.0-or-later
//! The administrator's part of a run: packages, unit files, kernel arguments, system Flatpaks.
//!
//! [`perform`] is what the root executor runs, and what `bkt --root` runs on a directory. It checks the
//! preconditions again, does the steps in batches (one package transaction, one set of kernel arguments),
//! and reads back what it claims. Before a batch starts, a `running` event for each of its steps goes
//! through the sink; the executor's sink writes it to disk first.
//!
//! Invariant: nothing here asks for or grants authorisation, and nothing but validated names reaches a tool.

mod lock;
mod unattended;

pub use unattended::Unattended;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::compare::Effect;
use crate::deployment::progress::Told;
use crate::deployment::{HostKind, System, image};
use crate::domain;
use crate::host::{Host, HostError, Invocation};
use crate::i18n::gettext;
use crate::name::{KernelArgument, UnitName};
use crate::plan::{Action, Plan, Stale, Step};
use crate::problem::Problem;
use crate::value::{PackageOverride, Scope, UnitState};

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

/// What is done to a unit that runs or is to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// It is started.
    Start,
    /// It is stopped.
    Stop,
    /// It is stopped, if it runs, and started.
    Restart,
}

/// Changes unit file states, and starts and stops units.
pub trait UnitControl {
    /// Starts or stops a unit and waits until systemd is done with it. As a rule there is no systemd that runs.
    ///
    /// # Errors
    /// systemd refused, or the job did not end well.
    fn operate(&self, unit: &UnitName, _operation: Operation) -> Result<(), Problem> {
        Err(not_running(unit))
    }

    /// Lets systemd read all unit files again.
    ///
    /// # Errors
    /// systemd refused.
    fn reload(&self) -> Result<(), Problem> {
        Err(Problem::new("not_possible", "this system is not running, so nothing has read its unit files"))
    }

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

    /// The unit this runs in and whose end is to end what PID 1 was told to start for it. As a rule there is none.
    fn own_unit(&self) -> Option<&str> {
        None
    }

    /// Where a tool that PID 1 starts for us may tell of its progress. As a rule nobody listens.
    fn progress_pipe(&self) -> Option<PathBuf> {
        None
    }

    /// Does what must not be cut short, with a shutdown held off. As a rule nothing shuts this system down.
    ///
    /// # Errors
    /// The work's own.
    fn shielded(&self, work: &mut dyn FnMut() -> Result<(), Problem>) -> Result<(), Problem> {
        work()
    }
}

/// Unit states below a root, by `systemctl --root`; without a root, of the running system.
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

    fn operate(&self, unit: &UnitName, operation: Operation) -> Result<(), Problem> {
        if self.0.root().is_some() {
            return Err(not_running(unit));
        }
        let verb = match operation {
            Operation::Start => "start",
            Operation::Stop => "stop",
            Operation::Restart => "restart",
        };
        self.systemctl(verb, unit)
    }
}

fn not_running(unit: &UnitName) -> Problem {
    Problem::new("not_possible", format!("{unit} cannot be started or stopped: this system is not running"))
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

/// What becomes of the rest when something cannot be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    /// Someone reviewed it as a whole: packages come in one transaction or not at all, and nothing begins while
    /// another program holds a lock that one step needs.
    Waits,
    /// It is done all the same.
    Goes,
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
    perform_with(plan, host, units, Rest::Waits, stop, sink)
}

fn perform_with(
    plan: &Plan,
    host: &dyn Host,
    units: &dyn UnitControl,
    rest: Rest,
    stop: &dyn Fn() -> bool,
    sink: Sink<'_>,
) -> Result<Vec<StepResult>, Stale> {
    plan.preconditions.check_system(host)?;
    let system = System::probe(host);
    let steps: Vec<(usize, &Step)> = plan.admin_steps().collect();
    let mut results: Vec<StepResult> = Vec::new();
    // Before anything is done at all, so that a plan is not left half way for a lock that is held already.
    if rest == Rest::Waits
        && let Some(problem) = lock::busy(host, steps.iter().map(|(_, step)| &step.action))
    {
        finish(&steps, StepState::Skipped, Some(&problem), sink, &mut results);
        return Ok(results);
    }
    for batch in batches(&steps) {
        if stop() {
            let problem = Problem::new("stopped", "the run was stopped before this step");
            finish(batch, StepState::Skipped, Some(&problem), sink, &mut results);
            continue;
        }
        if let Some(problem) = lock::busy(host, batch.iter().map(|(_, step)| &step.action)) {
            finish(batch, StepState::Skipped, Some(&problem), sink, &mut results);
            continue;
        }
        for (n, step) in batch {
            sink(&Event::running(*n, &step.item));
        }
        let mut said = Vec::new();
        let mut work = || run_batch(batch, host, &system, units, rest, &mut said, sink);
        let outcome = if is_critical(batch) { units.shielded(&mut work) } else { work() };
        let scripts = domain::pkg::scripts::failed(said.iter().map(String::as_str));
        match outcome {
            // An error does not say that nothing was done: a package transaction is not atomic, a script that failed
            // afterwards takes no package away, and the answer of a service that dies is lost. What leaves nothing to
            // see is as the tool says.
            Err(problem) if batch.iter().all(|(_, step)| !step.action.is_momentary()) => {
                verify(batch, host, &system, (Some(&problem), &scripts), sink, &mut results);
            }
            Err(problem) => finish(batch, StepState::Failed, Some(&problem), sink, &mut results),
            Ok(()) => verify(batch, host, &system, (None, &scripts), sink, &mut results),
        }
    }
    Ok(results)
}

/// What became of steps that had begun when their run was cut off, by looking alone: nothing is done again. A step ends
/// as done, as not done, or as one of which nobody can know.
///
/// `begun` are numbers of the plan's steps.
pub fn look_up(plan: &Plan, host: &dyn Host, begun: &BTreeSet<usize>, sink: Sink<'_>) -> Vec<StepResult> {
    let system = System::probe(host);
    let mut results = Vec::new();
    for (n, step) in plan.admin_steps().filter(|(n, _)| begun.contains(n)) {
        // Whether a unit was restarted, or a newer image looked for, leaves nothing to see.
        if step.action.is_momentary() {
            let message = gettext("the run was interrupted during this step; it may or may not be done");
            finish(&[(n, step)], StepState::Failed, Some(&Problem::new(UNKNOWN, message)), sink, &mut results);
            continue;
        }
        let message = gettext("the run was interrupted before this was done");
        let problem = Problem::new(INTERRUPTED, message).hinted(gettext("Apply it again"));
        verify(&[(n, step)], host, &system, (Some(&problem), &BTreeMap::new()), sink, &mut results);
    }
    results
}

/// The word for a step that was begun and not done when its run was cut off, or not begun.
pub const INTERRUPTED: &str = "interrupted";
/// The word for a step of which nobody can know whether it was done when its run was cut off.
pub const UNKNOWN: &str = "interrupted_unknown";

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

fn script_failed(step: &Step, script: &str) -> Problem {
    let there = !matches!(step.action, Action::RemovePackage { .. });
    domain::pkg::scripts::problem(&step.item.key, script, there)
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
            | Action::LayerPackage { .. }
            | Action::UnlayerPackage { .. }
            | Action::ResetBasePackage { .. }
            | Action::RemoveBasePackage { .. }
            | Action::AddKernelArgument { .. }
            | Action::RemoveKernelArgument { .. }
    )
}

/// Whether being cut short would leave packages or boot entries half changed.
fn is_critical(batch: &[(usize, &Step)]) -> bool {
    batch.iter().any(|(_, step)| is_batched(&step.action))
}

fn changes_packages(batch: &[(usize, &Step)]) -> bool {
    batch.iter().any(|(_, step)| matches!(step.action, Action::InstallPackage { .. } | Action::RemovePackage { .. }))
}

/// Does a batch, and keeps what its tool said.
fn run_batch(
    batch: &[(usize, &Step)],
    host: &dyn Host,
    system: &System,
    units: &dyn UnitControl,
    rest: Rest,
    said: &mut Vec<String>,
    sink: Sink<'_>,
) -> Result<(), Problem> {
    let Some((first, step)) = batch.first() else { return Ok(()) };
    let (mut told, refuses_to_tell) = (Told::default(), Cell::new(false));
    let mut tool = |invocation: Invocation| -> Result<(), Problem> {
        let output = host.run_with(&invocation, &mut |line| match told.hear(*first, line) {
            Some(progress) => progress.iter().for_each(&mut *sink),
            None => sink(&Event::log(*first, line)),
        })?;
        refuses_to_tell.set(refuses_pipe(&output.stderr));
        said.extend(output.stdout.lines().chain(output.stderr.lines()).map(str::to_owned));
        output.success(&invocation.program)?;
        Ok(())
    };
    match &step.action {
        Action::InstallPackage { .. } => match tool(dnf(host, "install", batch)) {
            // One package that nobody has would keep all others away.
            Err(_) if rest == Rest::Goes && batch.len() > 1 => tool(unattended::without_strictness(host, batch)),
            done => done,
        },
        Action::RemovePackage { .. } => tool(dnf(host, "remove", batch)),
        Action::LayerPackage { .. } | Action::UnlayerPackage { .. } => {
            let words = layering(batch.iter().map(|(_, step)| &step.action));
            tool(by_the_manager(units, &words.iter().map(String::as_str).collect::<Vec<_>>()))
        }
        Action::ResetBasePackage { .. } | Action::RemoveBasePackage { .. } => {
            let verb = if matches!(step.action, Action::ResetBasePackage { .. }) { "reset" } else { "remove" };
            let names = batch.iter().map(|(_, step)| step.item.key.as_str());
            tool(by_the_manager(units, &["rpm-ostree", "override", verb].into_iter().chain(names).collect::<Vec<_>>()))
        }
        Action::UnlockSystem {} => match (system.usr_overlay, system.kind) {
            (true, _) => Ok(()),
            (false, HostKind::Image | HostKind::Layered | HostKind::Ostree) => {
                tool(by_the_manager(units, &["rpm-ostree", "usroverlay"]))
            }
            (false, HostKind::ImageOnly | HostKind::Composefs) => {
                tool(by_the_manager(units, &["bootc", "usr-overlay"]))
            }
            (false, HostKind::Package | HostKind::Container) => {
                Err(Problem::new("not_possible", "this computer's programs can be changed as they are"))
            }
        },
        Action::EnableCopr { project } => {
            domain::copr::switch(host, project, true, &mut |line| sink(&Event::log(*first, line)))
        }
        Action::DisableCopr { project } => {
            domain::copr::switch(host, project, false, &mut |line| sink(&Event::log(*first, line)))
        }
        Action::SetUnit { unit, state } => units.set(unit, *state),
        Action::UnmaskUnit { unit } => units.unmask(unit),
        Action::StartUnit { unit } => units.operate(unit, Operation::Start),
        Action::StopUnit { unit } => units.operate(unit, Operation::Stop),
        Action::RestartUnit { unit } => units.operate(unit, Operation::Restart),
        Action::ReloadUnits {} => units.reload(),
        action @ (Action::UpgradeSystem {}
        | Action::SwitchSystem { .. }
        | Action::RollBackSystem {}
        | Action::ResetSystem {}) => {
            image::possible(system, action)?;
            if image::is_so_already(system, action) {
                return Ok(());
            }
            let command = image::command(system, action);
            let words: Vec<&str> = command.iter().map(String::as_str).collect();
            match units.progress_pipe().filter(|_| image::tells(&words)) {
                Some(pipe) => match tool(telling(units, pipe, &words)) {
                    // Nothing was begun by a bootc or a systemd that does not know the option.
                    Err(_) if refuses_to_tell.get() => tool(by_the_manager(units, &words)),
                    done => done,
                },
                None => tool(by_the_manager(units, &words)),
            }
        }
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
            kernel_arguments((host, units), system, &arguments(true), &arguments(false), &mut tool)
        }
        Action::InstallFlatpak { id, source } => {
            domain::flatpak::bring(host, id, source, &mut |line| sink(&Event::log(*first, line)))
        }
        Action::RemoveFlatpak { id, scope, branch } => {
            domain::flatpak::remove(host, id, *scope, branch.as_ref(), &mut |line| sink(&Event::log(*first, line)))
        }
        Action::RestoreEtc { path, to } => domain::etc::restore(host, path, to.as_ref()),
        Action::AddRemote { name, remote } => {
            domain::remote::bring(host, name, remote, &mut |line| sink(&Event::log(*first, line)))
        }
        Action::RemoveRemote { name } => domain::remote::remove(host, name, Scope::System),
        Action::SetSetting { .. } | Action::SetOwn { .. } | Action::WriteManifest { .. } => {
            Err(Problem::new("internal", "this step is not the administrator’s"))
        }
    }
}

/// A program that PID 1 starts for us and waits for: an overlay over /usr is laid in its mount namespace, which the
/// sandbox around the executor may not enter, but whose mounts reach it; deployments are written from there, too, and
/// only there does SELinux let bootc write what it must. It is stopped when our unit ends first, however that ends, and
/// being ordered before it, is gone before anyone starts our unit again to look at what it left (systemd.unit(5)).
fn by_the_manager(units: &dyn UnitControl, words: &[&str]) -> Invocation {
    let bound =
        units.own_unit().map(|unit| [format!("--property=BindsTo={unit}"), format!("--property=Before={unit}")]);
    let options = MANAGED.into_iter().chain(bound.iter().flatten().map(String::as_str));
    Invocation::new("systemd-run", options.chain(["--"]).chain(words.iter().copied()))
}

/// What [`by_the_manager`] always says of it.
const MANAGED: [&str; 5] = ["--quiet", "--collect", "--wait", "--pipe", "--service-type=exec"];

/// The same for a bootc that tells how far it has come. PID 1 opens the pipe for it and hands it over as the first
/// descriptor after the standard ones (systemd.exec(5), OpenFile=, since 253); a shell between the two would lose it the
/// domain that SELinux gives to what PID 1 starts.
fn telling(units: &dyn UnitControl, pipe: PathBuf, words: &[&str]) -> Invocation {
    let mut invocation = by_the_manager(units, words);
    invocation.args.insert(MANAGED.len(), format!("--property=OpenFile={}", pipe.display()));
    invocation.arg("--progress-fd=3").pipe(pipe)
}

/// Whether what was said of an error is of an option of [`telling`], or of the pipe it names.
fn refuses_pipe(said: &str) -> bool {
    ["--progress-fd", "OpenFile", "not a pipe"].iter().any(|word| said.contains(word))
}

/// One transaction of rpm-ostree for all that is layered and taken out. What is so already is no error, and a package
/// the image has by now counts as layered once the image has it no longer (rpm-ostree(1), install).
fn layering<'a>(actions: impl Iterator<Item = &'a Action>) -> Vec<String> {
    let (mut layers, mut gone) = (Vec::new(), Vec::new());
    for action in actions {
        match action {
            Action::LayerPackage { name } => layers.push(name.as_str()),
            Action::UnlayerPackage { name } => gone.push(name.as_str()),
            _ => {}
        }
    }
    let mut words = vec!["rpm-ostree", if layers.is_empty() { "uninstall" } else { "install" }, "--idempotent", "-y"];
    let together = if layers.is_empty() {
        words.extend(gone);
        Vec::new()
    } else {
        words.push("--allow-inactive");
        words.extend(layers);
        gone.iter().map(|name| format!("--uninstall={name}")).collect()
    };
    words.into_iter().map(str::to_owned).chain(together).collect()
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
    (host, units): (&dyn Host, &dyn UnitControl),
    system: &System,
    add: &[&KernelArgument],
    remove: &[&KernelArgument],
    tool: &mut dyn FnMut(Invocation) -> Result<(), Problem>,
) -> Result<(), Problem> {
    if let Some((argument, file)) = domain::karg::from_image(host, system, remove)? {
        let message = format!("{argument} comes from {file} of the image, and bootc cannot remove it on one computer");
        return Err(Problem::new("not_possible", message).hinted("Remove it in the recipe"));
    }
    match system.kind {
        HostKind::Image | HostKind::Layered | HostKind::Ostree => {
            let add = add.iter().map(|argument| format!("--append-if-missing={argument}"));
            let remove = remove.iter().map(|argument| format!("--delete-if-present={argument}"));
            let options: Vec<String> = add.chain(remove).collect();
            let words = ["rpm-ostree", "kargs"].into_iter().chain(options.iter().map(String::as_str));
            tool(by_the_manager(units, &words.collect::<Vec<_>>()))
        }
        HostKind::Package => domain::karg::change(host, add, remove, tool),
        HostKind::ImageOnly => match domain::karg::ours::command(host, system, add, remove)? {
            Some(words) => tool(by_the_manager(units, &words.iter().map(String::as_str).collect::<Vec<_>>())),
            None => Ok(()),
        },
        HostKind::Composefs | HostKind::Container => {
            Err(Problem::new("not_possible", "kernel arguments of this computer come only from its image")
                .hinted("Add them to the recipe"))
        }
    }
}

/// Reads back what a batch was to bring about. `failure` is what its tool said when it failed; a package that is as it
/// should be although a script of it failed is done, and the script is named.
fn verify(
    batch: &[(usize, &Step)],
    host: &dyn Host,
    system: &System,
    (failure, scripts): (Option<&Problem>, &BTreeMap<String, String>),
    sink: Sink<'_>,
    results: &mut Vec<StepResult>,
) {
    let installed = changes_packages(batch).then(|| domain::pkg::installed(host));
    let arguments = batch
        .iter()
        .any(|(_, step)| matches!(step.action, Action::AddKernelArgument { .. } | Action::RemoveKernelArgument { .. }))
        .then(|| domain::karg::next_start(host, system.kind));
    let is_of_versions = |action: &Action| {
        use Action::{LayerPackage, RemoveBasePackage, ResetBasePackage, UnlayerPackage};
        action.is_of_image()
            || matches!(action, LayerPackage { .. } | UnlayerPackage { .. })
            || matches!(action, ResetBasePackage { .. } | RemoveBasePackage { .. })
    };
    let versions = batch.iter().any(|(_, step)| is_of_versions(&step.action)).then(|| System::probe(host));
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
            Action::LayerPackage { name } | Action::UnlayerPackage { name } => {
                let layered = versions.as_ref().is_some_and(|now| domain::pkg::is_layered(now, name));
                Ok(layered == matches!(step.action, Action::LayerPackage { .. }))
            }
            Action::ResetBasePackage { name } => {
                Ok(versions.as_ref().is_some_and(|now| domain::pkg::override_of(now, name).is_none()))
            }
            Action::RemoveBasePackage { name } => {
                let state = versions.as_ref().and_then(|now| domain::pkg::override_of(now, name));
                Ok(state == Some(PackageOverride::Removed))
            }
            Action::AddKernelArgument { argument } | Action::RemoveKernelArgument { argument } => match &arguments {
                Some(Ok(set)) => Ok(set.contains(argument) == matches!(step.action, Action::AddKernelArgument { .. })),
                Some(Err(error)) => Err(unreadable(error)),
                None => Ok(false),
            },
            Action::SetUnit { unit, state } => {
                domain::unit::states(host, std::iter::once(unit)).map(|states| states.get(unit) == Some(state))
            }
            Action::StartUnit { unit } | Action::RestartUnit { unit } => domain::unit::run::was_started(host, unit),
            Action::StopUnit { unit } => {
                domain::unit::run::status(host, &[unit]).map(|told| told.first().is_some_and(|unit| !unit.is_active()))
            }
            Action::ReloadUnits {} => Ok(true),
            Action::UnmaskUnit { unit } => domain::unit::states(host, std::iter::once(unit))
                .map(|states| states.get(unit) != Some(&UnitState::Masked)),
            Action::InstallFlatpak { id, source } => domain::flatpak::is_so(host, id, source),
            Action::RemoveFlatpak { id, scope, branch } => {
                domain::flatpak::is_installed(host, id, *scope, branch.as_ref()).map(|there| !there)
            }
            Action::EnableCopr { project } => domain::copr::is_so(host, project, true),
            Action::DisableCopr { project } => domain::copr::is_so(host, project, false),
            Action::UnlockSystem {} => Ok(System::probe(host).usr_overlay),
            action @ (Action::UpgradeSystem {}
            | Action::SwitchSystem { .. }
            | Action::RollBackSystem {}
            | Action::ResetSystem {}) => {
                versions.as_ref().map_or(Ok(false), |now| image::is_so(host, system, now, action))
            }
            Action::RestoreEtc { path, to } => domain::etc::here(host, path).map(|now| now == *to),
            Action::AddRemote { name, remote } => domain::remote::is_so(host, name, Some(remote)),
            Action::RemoveRemote { name } => domain::remote::is_so(host, name, None),
            Action::SetSetting { .. } | Action::SetOwn { .. } | Action::WriteManifest { .. } => Ok(false),
        };
        // Without a newer version there is nothing to wait for.
        let waits = versions.as_ref().is_none_or(|now| now.next_start().is_some());
        let (state, problem) = match is_so {
            Ok(true) if step.effect == Effect::Restart && waits => (StepState::Waiting, None),
            Ok(true) => (StepState::Done, scripts.get(&step.item.key).map(|script| script_failed(step, script))),
            Ok(false) => {
                let unlike = || {
                    let message = format!("{} is not as it should be although the tool reported success", step.item);
                    Problem::new("unverified", message)
                };
                (StepState::Failed, Some(failure.cloned().unwrap_or_else(unlike)))
            }
            Err(problem) => (StepState::Failed, Some(failure.cloned().unwrap_or(problem))),
        };
        finish(&[(*n, *step)], state, problem.as_ref(), sink, results);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_layered_and_taken_out_is_one_transaction() {
        let layer = |name: &str| Action::LayerPackage { name: name.parse().unwrap() };
        let out = |name: &str| Action::UnlayerPackage { name: name.parse().unwrap() };
        let words = |actions: &[Action]| layering(actions.iter()).join(" ");
        assert_eq!(
            words(&[layer("htop"), out("vim"), layer("tmux")]),
            "rpm-ostree install --idempotent -y --allow-inactive htop tmux --uninstall=vim"
        );
        assert_eq!(words(&[out("vim"), out("mc")]), "rpm-ostree uninstall --idempotent -y vim mc");
    }
}
