// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt remote`: where Flatpak applications come from.
//!
//! Invariant: signatures are checked unless the person said otherwise in so many words.

use std::path::Path;

use bkt_core::domain::remote::{find, name_of};
use bkt_core::i18n::{fill, gettext};
use bkt_core::item::{Domain, ItemId};
use bkt_core::manifest::Declarations;
use bkt_core::name::{GpgKey, RemoteName, RemoteUrl};
use bkt_core::session::Snapshot;
use bkt_core::value::{RemoteSource, Scope, Value};

use super::flatpak::refused;
use super::{run, verb};
use crate::args::{RemoteAdd, RemoteCommand, RemoteThings};
use crate::context::Context;
use crate::error::{Answer, Failure, exit};
use crate::select::nearest;

/// `bkt remote`.
pub(super) fn remote(context: &Context, command: &RemoteCommand) -> Result<Answer, Failure> {
    match command {
        RemoteCommand::Add(args) => add(context, args),
        RemoteCommand::Remove(args) => remove(context, args),
        RemoteCommand::List => verb::list(context, Domain::Remote),
        RemoteCommand::Show(args) => {
            let remotes = look(context)?;
            let mut keys = Vec::new();
            for name in &args.names {
                let found = keys_of(&remotes, name, None);
                if found.is_empty() {
                    return Err(unknown(&remotes, name));
                }
                keys.extend(found.into_iter().map(|(key, _)| key));
            }
            verb::show(context, Domain::Remote, &keys)
        }
    }
}

fn look(context: &Context) -> Result<Snapshot, Failure> {
    run::compare_kinds(context, &context.brief_session()?, &[Domain::Remote])
}

/// The remotes of a name, each with its scope.
fn keys_of(remotes: &Snapshot, name: &str, scope: Option<Scope>) -> Vec<(String, Scope)> {
    let nothing = Declarations::new();
    let declared = remotes.setup.declared(Domain::Remote).unwrap_or(&nothing);
    let found = find(declared, remotes.comparison.observed.get(&Domain::Remote), name);
    found.into_iter().filter(|(_, at)| scope.is_none_or(|scope| scope == *at)).collect()
}

fn names(remotes: &Snapshot) -> Vec<&str> {
    let declared = remotes.setup.declared(Domain::Remote).ok().into_iter().flat_map(Declarations::keys);
    let seen = remotes.comparison.observed.get(&Domain::Remote).map(|seen| seen.entries.keys());
    declared.chain(seen.into_iter().flatten()).map(|key| name_of(key)).collect()
}

fn unknown(remotes: &Snapshot, name: &str) -> Failure {
    let message = fill(&gettext("nothing here or in the setup is called ‘{item}’"), &[("item", name)]);
    let near = nearest(name_of(name), names(remotes)).filter(|near| *near != name_of(name));
    Failure::new(exit::USAGE, "unknown_item", message).hinted(match near {
        Some(item) => fill(&gettext("Did you mean {item}?"), &[("item", item)]),
        None => gettext("‘bkt remote list’ lists the remotes"),
    })
}

/// Refuses a remote that nothing can be installed from.
pub(super) fn there(snapshot: &Snapshot, name: &str, scope: Scope) -> Result<(), Failure> {
    // What could not be looked at is told of when something is to be installed.
    let Some(seen) = snapshot.comparison.observed.get(&Domain::Remote) else { return Ok(()) };
    let of_scope = |(key, seen): (&String, &bkt_core::domain::Observed)| match &seen.value {
        Some(Value::Remote(remote)) => name_of(key) == name && remote.scope == scope,
        // One whose address is none Bucket would add may well work.
        _ => name_of(key) == name && seen.problem.is_some(),
    };
    if seen.entries.iter().any(of_scope) {
        return Ok(());
    }
    let message = match scope {
        Scope::System => gettext("there is no Flatpak remote ‘{remote}’ for everyone on this computer"),
        Scope::User => gettext("there is no Flatpak remote ‘{remote}’ for you on this computer"),
    };
    let failure = Failure::new(exit::NOT_POSSIBLE, "no_remote", fill(&message, &[("remote", name)]));
    let in_setup = keys_of(snapshot, name, Some(scope));
    let known: Vec<&str> = names(snapshot);
    let flag = if scope == Scope::System { " --system" } else { "" };
    Err(failure.hinted(match (in_setup.first(), nearest(name, known.iter().copied())) {
        (Some((key, _)), _) => fill(&gettext("‘bkt apply remote:{remote}’ adds it"), &[("remote", key)]),
        (None, Some(near)) if near != name => fill(&gettext("Did you mean {item}?"), &[("item", near)]),
        _ => {
            let values = [("remote", name), ("scope", flag)];
            fill(&gettext("‘bkt remote add {remote}{scope}’ adds it"), &values)
        }
    }))
}

fn add(context: &Context, args: &RemoteAdd) -> Result<Answer, Failure> {
    let name: RemoteName = args.name.parse().map_err(refused)?;
    let url: RemoteUrl = address(args)?.parse().map_err(refused)?;
    let remote = RemoteSource {
        url: url.known_repo_file().unwrap_or(url),
        scope: args.scope.named().unwrap_or(Scope::User),
        filtered: None,
        gpg_verify: !args.no_gpg_verify,
        gpg_key: args.gpg_key.as_deref().map(key).transpose()?,
    };
    if !remote.can_be_added() {
        let message = gettext("a repository is added with the key its apps are signed with");
        return Err(Failure::new(exit::USAGE, "no_key", message)
            .hinted(gettext("Name its .flatpakrepo file, or the key with --gpg-key FILE")));
    }
    let remotes = look(context)?;
    let all = keys_of(&remotes, name.as_str(), None);
    let same = all.iter().find(|(_, scope)| *scope == remote.scope).map(|(key, _)| key.clone());
    let key = same.unwrap_or_else(|| match all.is_empty() {
        true => name.to_string(),
        false => format!("{}/{name}", remote.scope.as_str()),
    });
    verb::change(context, [(ItemId::new(Domain::Remote, key), Some(Value::Remote(remote)))], &args.sides)
}

/// Where a remote is, as it was typed or as everyone knows it.
fn address(args: &RemoteAdd) -> Result<String, Failure> {
    match (args.url.as_deref(), args.name.as_str()) {
        (Some(path), _) if path.starts_with('/') => Ok(format!("file://{path}")),
        (Some(url), _) => Ok(url.to_owned()),
        (None, "flathub") => Ok("https://dl.flathub.org/repo/flathub.flatpakrepo".to_owned()),
        (None, "flathub-beta") => Ok("https://dl.flathub.org/beta-repo/flathub-beta.flatpakrepo".to_owned()),
        (None, name) => {
            let message = fill(&gettext("where is {remote}? Its address is missing"), &[("remote", name)]);
            Err(Failure::new(exit::USAGE, "usage", message).hinted(gettext("Name its .flatpakrepo file")))
        }
    }
}

/// The public key in a file: armoured, or in base64 as `.flatpakrepo` files hold it.
fn key(path: &Path) -> Result<GpgKey, Failure> {
    let unusable = |reason: String| {
        Failure::new(exit::USAGE, "file_unusable", format!("{}: {reason}", path.display()))
            .hinted(gettext("‘gpg --export --armor KEY’ writes such a file"))
    };
    let text = std::fs::read_to_string(path).map_err(|error| unusable(error.to_string()))?;
    let armoured = text.split_once("-----BEGIN PGP PUBLIC KEY BLOCK-----").map(|(_, rest)| rest);
    let body = match armoured {
        // Headers end with an empty line; the checksum begins with ‘=’.
        Some(rest) => {
            let rest = rest.split("-----END").next().unwrap_or_default().trim_start_matches(['\r', '\n']);
            let body = rest.replace('\r', "");
            let body = body.split_once("\n\n").map_or(body.as_str(), |(_, body)| body).to_owned();
            body.lines().filter(|line| !line.starts_with('=')).collect::<String>()
        }
        None => text.split_whitespace().collect(),
    };
    body.parse().map_err(|error: bkt_core::name::NameError| unusable(error.to_string()))
}

fn remove(context: &Context, args: &RemoteThings) -> Result<Answer, Failure> {
    let remotes = look(context)?;
    let wanted = args.things.names.iter().map(|name| {
        let found = keys_of(&remotes, name, args.scope.named());
        match found.as_slice() {
            [] => Err(unknown(&remotes, name)),
            // What is to go is named so that nothing else of that name goes.
            [(_, scope)] => {
                let key = format!("{}/{}", scope.as_str(), name_of(name));
                Ok((ItemId::new(Domain::Remote, key), None))
            }
            _ => {
                let message = fill(&gettext("{remote} is there for everyone and for you"), &[("remote", name)]);
                Err(Failure::new(exit::USAGE, "ambiguous_item", message)
                    .hinted(gettext("Say which with --system or --user")))
            }
        }
    });
    verb::change(context, wanted.collect::<Result<Vec<_>, Failure>>()?, &args.things.sides)
}
