// SPDX-License-Identifier: GPL-3.0-or-later
//! The words for what is done to an application.
//!
//! Invariant: what is not changed about it is not mentioned.

use crate::i18n::{fill, gettext};
use crate::name::FlatpakId;
use crate::value::{FlatpakSource, Scope};

/// What bringing an application to `to` does, given what it was.
pub(crate) fn sentence(id: &FlatpakId, from: Option<&FlatpakSource>, to: &FlatpakSource) -> String {
    let here = from.filter(|from| to.is_of(from));
    // A branch tells one that comes from one that goes.
    let branch = to.branch.as_ref().filter(|_| here.is_none());
    let app = branch.map_or_else(|| id.to_string(), |branch| format!("{id}//{branch}"));
    let mut said = Vec::new();
    if here.is_none() {
        said.push(match to.scope {
            Scope::System => gettext("Install {app} from {remote} for everyone"),
            Scope::User => gettext("Install {app} from {remote} for this user"),
        });
    }
    match &to.commit {
        Some(_) if here.is_none_or(|here| !to.is_held_as(here)) => said.push(gettext("Hold {app} at commit {commit}")),
        None if here.is_some_and(|here| !to.is_held_as(here)) => said.push(gettext("Let {app} be updated again")),
        _ => {}
    }
    let overrides = to.overrides.as_ref().map(ToString::to_string).unwrap_or_default();
    let had_none = here.is_none_or(|here| here.overrides.as_ref().is_none_or(super::Overrides::is_empty));
    if here.is_none_or(|here| !to.may_as(here)) && !(overrides.is_empty() && had_none) {
        said.push(match overrides.is_empty() {
            true => gettext("Take back the overrides of {app}"),
            false => gettext("Override the permissions of {app}: {overrides}"),
        });
    }
    if said.is_empty() {
        said.push(gettext("Change {app}"));
    }
    let commit = to.commit.as_ref().map_or("", |commit| commit.short());
    let values = [("app", app.as_str()), ("remote", to.remote.as_str()), ("commit", commit), ("overrides", &overrides)];
    said.iter().map(|sentence| fill(sentence, &values)).collect::<Vec<_>>().join("; ")
}
