// SPDX-License-Identifier: GPL-3.0-or-later
//! What is offered where a word is no item: kinds, versions, services, kernel arguments, sections, entries.
//!
//! Invariant: the same as its parent's: only looks, and whatever fails offers nothing.

use bkt_core::changelog::Changelog;
use bkt_core::deployment::{Role, System};
use bkt_core::describe;
use bkt_core::dev;
use bkt_core::domain::{karg, unit};
use bkt_core::i18n::gettext;
use bkt_core::item::Domain;
use bkt_core::manifest::Declarations;
use bkt_core::recipe::Section;

use super::{Name, setup};
use crate::context::Context;

/// Kinds, also behind others and a comma.
pub(super) fn kinds(last: &str) -> Vec<Name> {
    let before = last.rfind(',').map_or("", |at| &last[..=at]);
    let open = Domain::ALL.into_iter().filter(|domain| before.split(',').all(|word| word != domain.id()));
    open.map(|domain| (format!("{before}{domain}"), describe::domain(domain))).collect()
}

/// Sections as what is compared.
pub(super) fn sections(last: &str) -> Vec<Name> {
    if last.starts_with("section:") {
        return Section::ALL.map(|section| (format!("section:{}", section.name()), String::new())).into();
    }
    vec![("section:".to_owned(), gettext("Sections of the Recipe"))]
}

/// Kernel arguments: to be added, those the setup speaks of and this computer lacks; else all.
pub(super) fn arguments(context: &Context, verb: &str) -> Vec<Name> {
    let (Some(setup), Ok(host)) = (setup(context), context.brief_host()) else { return Vec::new() };
    let nothing = Declarations::new();
    let declared = setup.declared(Domain::Karg).unwrap_or(&nothing);
    let host = host.as_ref();
    let facts = karg::facts(host, &System::probe(host), declared).unwrap_or_default();
    let wanted = facts.iter().filter(|fact| match verb {
        "append" => !fact.next,
        "remove" => !fact.argument.is_essential(),
        _ => true,
    });
    wanted.map(|fact| (fact.argument.to_string(), String::new())).collect()
}

/// Services of this computer, and how they start; for what only the setup says, those it names.
pub(super) fn services(context: &Context, verb: &str) -> Vec<Name> {
    if verb == "unset" {
        let Some(setup) = setup(context) else { return Vec::new() };
        let declared = setup.declared(Domain::Unit).ok();
        return declared.into_iter().flatten().map(|(key, _)| (key.clone(), String::new())).collect();
    }
    let Ok(host) = context.brief_host() else { return Vec::new() };
    unit::list(host.as_ref()).unwrap_or_default().into_iter().map(|file| (file.name(), file.state)).collect()
}

/// Packages and projects of the development container that the setup names.
pub(super) fn of_container(context: &Context, is_copr: bool) -> Vec<Name> {
    let declared = context.setup().ok().and_then(|setup| dev::Declared::load(&setup).ok()).unwrap_or_default();
    let name = |name: String| (name, String::new());
    match is_copr {
        true => declared.copr.iter().map(|(project, _)| name(project.to_string())).collect(),
        false => declared.packages.iter().map(|package| name(package.to_string())).collect(),
    }
}

fn changelog(context: &Context) -> Changelog {
    context.setup().ok().and_then(|setup| Changelog::load(&setup).ok()).unwrap_or_default()
}

/// Versions of the changelog and their days.
pub(super) fn releases(context: &Context) -> Vec<Name> {
    changelog(context).versions.into_iter().map(|version| (version.version, version.date.to_string())).collect()
}

/// Entries of the changelog in no version; the drafts among them, where those are meant.
pub(super) fn entries(context: &Context, only_drafts: bool) -> Vec<Name> {
    let pending = changelog(context).pending.into_iter().filter(|pending| pending.change.draft || !only_drafts);
    pending.map(|pending| (pending.id, pending.change.message)).collect()
}

/// Versions of the system on this computer, by their roles and names.
pub(super) fn deployments(context: &Context) -> Vec<Name> {
    let Ok(host) = context.brief_host() else { return Vec::new() };
    let system = System::probe(host.as_ref());
    let mut names: Vec<Name> = Vec::new();
    for (role, deployment) in system.deployments() {
        let word = match role {
            Role::Booted => "booted",
            Role::Staged => "staged",
            Role::Rollback => "rollback",
            Role::Kept => "pinned",
        };
        let title = deployment.title();
        for (name, about) in [(word.to_owned(), title.clone()), (title, word.to_owned())] {
            if !names.iter().any(|(known, _)| *known == name) {
                names.push((name, about));
            }
        }
    }
    names
}
