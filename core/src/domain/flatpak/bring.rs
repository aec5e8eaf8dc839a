// SPDX-License-Identifier: GPL-3.0-or-later
//! Brings an application to what is asked for: from where, on which branch, held at which commit, with which
//! permissions.
//!
//! flatpak cannot install a commit: it installs what is newest and goes back from there. A mask then keeps it, and
//! would keep it from any other commit too, so it is taken off first.
//!
//! Invariant: permissions are taken back only where flatpak has accepted the new ones, and never where the file holds
//! more than options can say; what a failed step began with is there again.

use crate::describe;
use crate::domain::Log;
use crate::host::{Host, HostError, Invocation};
use crate::name::{BranchName, CommitId, FlatpakId};
use crate::problem::Problem;
use crate::value::{FlatpakSource, Scope};

use super::installed::{Notes, Row, rows};
use super::overrides::Overrides;
use super::{invocation, scope_option};

/// The words of one call of flatpak.
type Call<'w> = &'w [&'w str];

struct Flatpak<'h, 'l> {
    host: &'h dyn Host,
    log: Log<'l>,
}

impl Flatpak<'_, '_> {
    fn call(&mut self, words: Call<'_>) -> Result<(), HostError> {
        let call: Invocation = invocation(self.host, words.iter().copied());
        self.host.run_with(&call, self.log)?.success("flatpak").map(|_| ())
    }
}

/// The installation that is meant, the one of the same remote first.
fn meant<'r>(rows: &'r [Row], id: &FlatpakId, to: &FlatpakSource) -> Option<&'r Row> {
    let is_it = |row: &&Row| row.id == *id && to.branch.as_ref().is_none_or(|branch| *branch == row.branch);
    rows.iter().filter(is_it).min_by_key(|row| row.remote.as_ref() != Ok(&to.remote))
}

/// Installs an application from a remote that is set up already, or changes the one that is there.
pub(crate) fn bring(host: &dyn Host, id: &FlatpakId, to: &FlatpakSource, log: Log<'_>) -> Result<(), Problem> {
    let mut flatpak = Flatpak { host, log };
    let scope = scope_option(to.scope);
    let before = rows(host, to.scope)?;
    // In another branch, too: overrides are the application's.
    let is_known = before.iter().any(|row| row.id == *id);
    let before = meant(&before, id, to);
    let was_here = before.is_some_and(|row| row.remote.as_ref() == Ok(&to.remote));
    if !was_here {
        let reference = to.branch.as_ref().map_or_else(|| id.to_string(), |branch| format!("{id}//{branch}"));
        flatpak.call(&["install", "--noninteractive", "--reinstall", scope, to.remote.as_str(), &reference])?;
    }
    let now = rows(host, to.scope)?;
    let Some(row) = meant(&now, id, to) else {
        return Err(Problem::new("unverified", format!("{id} is not there although flatpak reported success")));
    };
    if let Err(problem) = hold(&mut flatpak, id, &row.branch, to) {
        if before.is_none() {
            // It came only to be held.
            let _ = flatpak.call(&["uninstall", "--noninteractive", scope, &format!("{id}//{}", row.branch)]);
        }
        return Err(problem);
    }
    match &to.overrides {
        // What a person once allowed an application that was not here is theirs to take back.
        Some(wanted) if is_known || !wanted.is_empty() => allow(&mut flatpak, id, to.scope, wanted),
        _ => Ok(()),
    }
}

/// Holds an application at a commit, or lets it go.
fn hold(flatpak: &mut Flatpak<'_, '_>, id: &FlatpakId, branch: &BranchName, to: &FlatpakSource) -> Result<(), Problem> {
    let scope = scope_option(to.scope);
    let notes = Notes::read(flatpak.host, to.scope)?;
    let masks: Vec<String> = notes.masks(id, branch).into_iter().map(str::to_owned).collect();
    let reference = format!("{id}//{branch}");
    let Some(wanted) = &to.commit else { return release(flatpak, scope, &masks) };
    if notes.commit(flatpak.host, id, branch)?.is_some_and(|commit| wanted.begins(&commit)) {
        if masks.is_empty() {
            flatpak.call(&["mask", scope, &reference])?;
        }
        return Ok(());
    }
    let wanted = &whole(flatpak.host, id, to, wanted)?;
    release(flatpak, scope, &masks)?;
    let moved = flatpak.call(&["update", "--noninteractive", scope, &format!("--commit={wanted}"), &reference]);
    let now = notes.commit(flatpak.host, id, branch)?;
    let reached = moved.as_ref().is_ok_and(|()| now.as_ref() == Some(wanted));
    let again: Vec<String> = if reached { vec![reference] } else { masks };
    for mask in &again {
        flatpak.call(&["mask", scope, mask])?;
    }
    let why = match moved {
        _ if reached => return Ok(()),
        Ok(()) => "flatpak did not go there".to_owned(),
        Err(error) => error.to_string(),
    };
    let message = format!("{id} cannot be held at {}: {why}", wanted.short());
    Err(Problem::new("no_such_commit", message)
        .hinted(format!("‘flatpak remote-info --log {scope} {} {id}’ lists the commits that are there", to.remote)))
}

/// The commit of the remote that is meant by its beginning; flatpak takes no shorter one.
fn whole(host: &dyn Host, id: &FlatpakId, to: &FlatpakSource, wanted: &CommitId) -> Result<CommitId, Problem> {
    if wanted.is_whole() {
        return Ok(wanted.clone());
    }
    let known = commits(host, id, to)?;
    let mut fits = known.iter().filter(|commit| wanted.begins(commit));
    if let (Some(one), None) = (fits.next(), fits.next()) {
        return Ok(one.clone());
    }
    let message = format!("{} has no single commit of {id} that begins with {wanted}", to.remote);
    Err(Problem::new("no_such_commit", message)
        .hinted(format!("‘bkt flatpak pin {id} COMMIT’ names one, ‘bkt flatpak unpin {id}’ none")))
}

fn release(flatpak: &mut Flatpak<'_, '_>, scope: &str, masks: &[String]) -> Result<(), Problem> {
    for mask in masks {
        flatpak.call(&["mask", "--remove", scope, mask])?;
    }
    Ok(())
}

/// Gives an application exactly these permissions beside its own.
fn allow(flatpak: &mut Flatpak<'_, '_>, id: &FlatpakId, scope: Scope, wanted: &Overrides) -> Result<(), Problem> {
    let seen = |host: &dyn Host| Notes::read(host, scope)?.overrides(host, id);
    let (here, rest) = seen(flatpak.host)?;
    if here == *wanted {
        return Ok(());
    }
    if !rest.is_empty() {
        let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
        let message = format!("the overrides of {id} hold something that would be lost: {}", describe::names(&rest));
        return Err(Problem::new("not_ours", message).hinted("Change them with the program that wrote them"));
    }
    let mut call = vec!["override", scope_option(scope)];
    call.extend(wanted.options().iter().map(crate::name::OverrideOption::as_str));
    call.push(id.as_str());
    // Added to what is there first: what flatpak refuses must not cost what was there.
    if !wanted.is_empty() {
        flatpak.call(&call)?;
    }
    if seen(flatpak.host)?.0 != *wanted {
        flatpak.call(&["override", scope_option(scope), "--reset", id.as_str()])?;
        if !wanted.is_empty() {
            flatpak.call(&call)?;
        }
    }
    match seen(flatpak.host)?.0 == *wanted {
        true => Ok(()),
        false => Err(Problem::new("unverified", format!("the overrides of {id} are not what flatpak was told"))),
    }
}

/// Removes an application and keeps its data and what it was allowed; a mask of exactly this branch goes with it.
pub(crate) fn remove(
    host: &dyn Host,
    id: &FlatpakId,
    scope: Scope,
    branch: Option<&BranchName>,
    log: Log<'_>,
) -> Result<(), Problem> {
    let mut flatpak = Flatpak { host, log };
    let reference = branch.map_or_else(|| id.to_string(), |branch| format!("{id}//{branch}"));
    flatpak.call(&["uninstall", "--noninteractive", scope_option(scope), &reference])?;
    let notes = Notes::read(host, scope)?;
    let masks: Vec<String> = branch.map_or_else(Vec::new, |branch| {
        let of_branch = |mask: &&str| mask.ends_with(&format!("/{branch}"));
        notes.masks(id, branch).into_iter().filter(of_branch).map(str::to_owned).collect()
    });
    release(&mut flatpak, scope_option(scope), &masks)
}

/// Whether an application is as asked for; permissions count where some are asked for.
pub(crate) fn is_so(host: &dyn Host, id: &FlatpakId, to: &FlatpakSource) -> Result<bool, Problem> {
    let now = rows(host, to.scope)?;
    let Some(row) = meant(&now, id, to) else { return Ok(false) };
    let (seen, _) = Notes::read(host, to.scope)?.value(host, row)?;
    let asks = to.overrides.as_ref().is_some_and(|overrides| !overrides.is_empty());
    Ok(to.is_of(&seen) && to.is_held_as(&seen) && (!asks || to.may_as(&seen)))
}

/// Whether an application is installed for a scope, in a branch if one is named.
pub(crate) fn is_installed(
    host: &dyn Host,
    id: &FlatpakId,
    scope: Scope,
    branch: Option<&BranchName>,
) -> Result<bool, Problem> {
    let is_it = |row: Row| row.id == *id && branch.is_none_or(|branch| *branch == row.branch);
    Ok(rows(host, scope)?.into_iter().any(is_it))
}

/// The commit of an installed application, whether it is held there or not.
///
/// # Errors
/// Its files cannot be looked at.
pub fn commit(
    host: &dyn Host,
    id: &FlatpakId,
    scope: Scope,
    branch: &BranchName,
) -> Result<Option<CommitId>, HostError> {
    Notes::read(host, scope)?.commit(host, id, branch)
}

/// The commits of an application that a remote has, newest first.
///
/// # Errors
/// flatpak is missing, the remote is not there or cannot be reached.
pub fn commits(host: &dyn Host, id: &FlatpakId, to: &FlatpakSource) -> Result<Vec<CommitId>, HostError> {
    let reference = to.branch.as_ref().map_or_else(|| id.to_string(), |branch| format!("{id}//{branch}"));
    let info = ["remote-info", "--log", scope_option(to.scope), to.remote.as_str(), &reference];
    let text = host.run(&invocation(host, info))?.success("flatpak")?;
    Ok(text.lines().filter_map(|line| line.trim().strip_prefix("Commit: ")?.trim().parse().ok()).collect())
}
