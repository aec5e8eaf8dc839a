// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt flatpak`: from words to installations of applications and what they are to be.
//!
//! Invariant: a name that could mean more than one installation is never guessed.

use bkt_core::domain::flatpak::{self, Found, Overrides, commit, commits, id_of, pick};
use bkt_core::i18n::{fill, gettext};
use bkt_core::item::{Domain, ItemId};
use bkt_core::manifest::Declarations;
use bkt_core::name::{BranchName, CommitId, FlatpakId, NameError, OverrideOption, RemoteName};
use bkt_core::plan::wish::Wanted;
use bkt_core::session::Snapshot;
use bkt_core::value::{FlatpakSource, Scope, Value};

use super::{remote, run, verb};
use crate::args::{FlatpakAdd, FlatpakCommand, FlatpakOverride, FlatpakPin, FlatpakThings, PlaceArgs};
use crate::context::Context;
use crate::error::{Answer, Failure, exit};
use crate::select::nearest;

/// `bkt flatpak`.
pub(super) fn flatpak(context: &Context, command: &FlatpakCommand) -> Result<Answer, Failure> {
    match command {
        FlatpakCommand::Add(args) => add(context, args),
        FlatpakCommand::Remove(args) => remove(context, args),
        FlatpakCommand::List => verb::list(context, Domain::Flatpak),
        FlatpakCommand::Sync => verb::sync(context, &[Domain::Remote, Domain::Flatpak], false),
        FlatpakCommand::Show(args) => {
            let apps = Apps::look(context, &[Domain::Flatpak])?;
            let mut keys = Vec::new();
            for name in &args.names {
                let found = apps.find(name, None, None);
                if found.is_empty() {
                    return Err(apps.unknown(name));
                }
                keys.extend(found.into_iter().map(|found| found.key));
            }
            verb::show(context, Domain::Flatpak, &keys)
        }
        FlatpakCommand::Pin(args) => pin(context, args),
        FlatpakCommand::Unpin(args) => {
            let change = |found: &Found| found.value().map(|value| FlatpakSource { commit: None, ..value });
            each(context, args, change)
        }
        FlatpakCommand::Override(args) => allow(context, args),
        FlatpakCommand::Remote(command) => remote::remote(context, command),
    }
}

pub(super) fn refused(error: NameError) -> Failure {
    Failure::new(exit::USAGE, "name_invalid", error.to_string())
}

/// What setup and computer have.
struct Apps(Snapshot);

impl Apps {
    fn look(context: &Context, domains: &[Domain]) -> Result<Self, Failure> {
        run::compare_kinds(context, &context.brief_session()?, domains).map(Self)
    }

    fn declared(&self) -> Option<&Declarations> {
        self.0.setup.declared(Domain::Flatpak).ok()
    }

    fn find(&self, name: &str, scope: Option<Scope>, branch: Option<&BranchName>) -> Vec<Found> {
        let nothing = Declarations::new();
        let seen = self.0.comparison.observed.get(&Domain::Flatpak);
        pick::find(self.declared().unwrap_or(&nothing), seen, name, scope, branch)
    }

    /// The one installation that is meant, and the name that means no other.
    fn one(&self, name: &str, place: &PlaceArgs) -> Result<(Found, String), Failure> {
        let branch = branch(place)?;
        let found = self.find(name, place.scope.named(), branch.as_ref());
        match found.as_slice() {
            [] => Err(self.unknown(name)),
            [one] => {
                let all = self.find(id_of(name), None, None);
                Ok((one.clone(), pick::named(one, &all)))
            }
            several => Err(ambiguous(id_of(name), several)),
        }
    }

    /// Nothing is called this; what may have been meant.
    fn unknown(&self, name: &str) -> Failure {
        let message = fill(&gettext("nothing here or in the setup is called ‘{item}’"), &[("item", name)]);
        let failure = Failure::new(exit::USAGE, "unknown_item", message);
        let seen = self.0.comparison.observed.get(&Domain::Flatpak).map(|seen| seen.entries.keys());
        let keys = self.declared().into_iter().flat_map(Declarations::keys).chain(seen.into_iter().flatten());
        let ids: Vec<&str> = keys.map(|key| id_of(key)).collect();
        let is_last = |id: &&&str| id.rsplit('.').next().is_some_and(|last| last.eq_ignore_ascii_case(name));
        let near = ids.iter().find(is_last).copied().or_else(|| nearest(id_of(name), ids.iter().copied()));
        failure.hinted(match near {
            Some(item) if item != id_of(name) => fill(&gettext("Did you mean {item}?"), &[("item", item)]),
            _ => gettext("‘bkt flatpak list’ lists the apps"),
        })
    }
}

fn ambiguous(id: &str, several: &[Found]) -> Failure {
    let keys: Vec<&str> = several.iter().map(|found| found.key.as_str()).collect();
    let values = [("app", id), ("items", &*keys.join(", "))];
    let message = fill(&gettext("{app} is there more than once: {items}"), &values);
    Failure::new(exit::USAGE, "ambiguous_item", message).hinted(gettext("Say which with --system, --user or --branch"))
}

fn branch(place: &PlaceArgs) -> Result<Option<BranchName>, Failure> {
    place.branch.as_deref().map(str::parse).transpose().map_err(refused)
}

fn item(key: impl Into<String>) -> ItemId {
    ItemId::new(Domain::Flatpak, key)
}

fn add(context: &Context, args: &FlatpakAdd) -> Result<Answer, Failure> {
    let scope = args.place.scope.named().unwrap_or(Scope::User);
    let remote: RemoteName = args.remote.parse().map_err(refused)?;
    let asked = FlatpakSource::new(remote, scope, branch(&args.place)?);
    let ids: Vec<FlatpakId> =
        args.things.names.iter().map(|name| name.parse()).collect::<Result<_, _>>().map_err(refused)?;
    let apps = Apps::look(context, &[Domain::Remote, Domain::Flatpak])?;
    if !context.setup_only(&args.things.sides) {
        remote::there(&apps.0, &args.remote, scope)?;
    }
    let wanted = ids.iter().map(|id| {
        let all = apps.find(id.as_str(), None, None);
        let (key, value) = pick::added(&all, id.as_str(), &asked).ok_or_else(|| ambiguous(id.as_str(), &all))?;
        Ok((item(key), Some(Value::Flatpak(value))))
    });
    verb::change(context, wanted.collect::<Result<Vec<_>, Failure>>()?, &args.things.sides)
}

fn remove(context: &Context, args: &FlatpakThings) -> Result<Answer, Failure> {
    each(context, args, |_| None)
}

/// Makes each named application what `change` says.
fn each(
    context: &Context,
    args: &FlatpakThings,
    change: impl Fn(&Found) -> Option<FlatpakSource>,
) -> Result<Answer, Failure> {
    let apps = Apps::look(context, &[Domain::Flatpak])?;
    let wanted = args.things.names.iter().map(|name| {
        let (found, key) = apps.one(name, &args.place)?;
        Ok((item(key), change(&found).map(Value::Flatpak)))
    });
    verb::change(context, wanted.collect::<Result<Vec<(ItemId, Wanted)>, Failure>>()?, &args.things.sides)
}

fn pin(context: &Context, args: &FlatpakPin) -> Result<Answer, Failure> {
    let apps = Apps::look(context, &[Domain::Flatpak])?;
    let (found, key) = apps.one(&args.name, &args.place)?;
    let id: FlatpakId = id_of(&key).parse().map_err(refused)?;
    let value = found.value().ok_or_else(|| apps.unknown(&args.name))?;
    let host = context.host()?;
    let unknown = |message: String| Failure::new(exit::NOT_POSSIBLE, "no_such_commit", message);
    let pin = match &args.commit {
        None => {
            let here = found.here.as_ref().and_then(|here| Some((here.scope, here.branch.clone()?)));
            let here = here.map(|(scope, branch)| commit(host.as_ref(), &id, scope, &branch)).transpose()?.flatten();
            here.ok_or_else(|| {
                let message = gettext("{app} is not installed, so the commit to hold it at must be named");
                unknown(fill(&message, &[("app", id.as_str())]))
            })?
        }
        Some(text) => {
            let commit: CommitId = text.parse().map_err(refused)?;
            if commit.is_whole() { commit } else { whole(context, &id, &value, &commit)? }
        }
    };
    let value = FlatpakSource { commit: Some(pin), ..value };
    verb::change(context, [(item(key), Some(Value::Flatpak(value)))], &args.sides)
}

/// The one commit that begins like this.
fn whole(context: &Context, id: &FlatpakId, source: &FlatpakSource, start: &CommitId) -> Result<CommitId, Failure> {
    let known = commits(context.host()?.as_ref(), id, source)?;
    let mut fits = known.iter().filter(|commit| start.begins(commit));
    if let (Some(one), None) = (fits.next(), fits.next()) {
        return Ok(one.clone());
    }
    let values = [("remote", source.remote.as_str()), ("app", id.as_str()), ("commit", start.as_str())];
    let message = fill(&gettext("{remote} has no single commit of {app} that begins with {commit}"), &values);
    let shorts: Vec<&str> = known.iter().take(5).map(|commit| commit.short()).collect();
    let failure = Failure::new(exit::NOT_POSSIBLE, "no_such_commit", message);
    Err(match shorts.is_empty() {
        true => failure,
        false => failure.hinted(fill(&gettext("The newest are {commits}"), &[("commits", &shorts.join(", "))])),
    })
}

fn allow(context: &Context, args: &FlatpakOverride) -> Result<Answer, Failure> {
    let options: Vec<OverrideOption> =
        args.options.iter().map(|option| option.parse()).collect::<Result<_, _>>().map_err(|error| {
            refused(error).hinted(gettext("Options of bkt itself stand before the app; see ‘flatpak override --help’"))
        })?;
    let apps = Apps::look(context, &[Domain::Flatpak])?;
    let (found, key) = apps.one(&args.name, &args.place)?;
    let value = found.value().ok_or_else(|| apps.unknown(&args.name))?;
    let before = match &value.overrides {
        _ if args.reset => Overrides::default(),
        Some(before) => before.clone(),
        None => {
            let message = gettext("the setup holds overrides of {app} that are not understood");
            let message = fill(&message, &[("app", flatpak::id_of(&key))]);
            return Err(Failure::new(exit::NOT_POSSIBLE, "overrides_unknown", message)
                .hinted(gettext("Correct them in manifests/flatpak-apps.json, or begin anew with --reset")));
        }
    };
    let value = FlatpakSource { overrides: Some(before.with(&options)), ..value };
    verb::change(context, [(item(key), Some(Value::Flatpak(value)))], &args.sides)
}
