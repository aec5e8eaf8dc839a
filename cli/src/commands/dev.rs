// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt dev`: packages of a development container, in the container and in the setup.
//!
//! Invariant: what would be written and run is shown first; what did not become so in the container is taken back in the
//! setup.

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt;

use bkt_core::dev::{self, Declared, Place, Wish};
use bkt_core::files;
use bkt_core::host::Host;
use bkt_core::i18n::{fill, gettext};
use bkt_core::kept::TOOLBOX_PACKAGES;
use bkt_core::manifest::ManifestError;
use bkt_core::name::PackageName;
use bkt_core::problem::Problem;
use serde_json::{Value as Json, json};

use super::run::may_ask;
use crate::args::{BoxOption, DevCommand, DevCopr, DevDo, DevLook, DevShow, DevSides};
use crate::context::Context;
use crate::error::{Answer, Failure, exit};
use crate::prompt::{self, Consent};
use crate::ui::{padded, widest};

/// `bkt dev`.
pub(super) fn dev(context: &Context, command: &DevCommand) -> Result<Answer, Failure> {
    match command {
        DevCommand::Install(args) => packages(context, args, true),
        DevCommand::Remove(args) => packages(context, args, false),
        DevCommand::Copr { command: DevCopr::Enable(args) } => {
            make(context, &args.sides, &[Wish::Copr(args.project.clone(), true)])
        }
        DevCommand::Copr { command: DevCopr::Disable(args) } => {
            make(context, &args.sides, &[Wish::Copr(args.project.clone(), false)])
        }
        DevCommand::List | DevCommand::Copr { command: DevCopr::List } => list(context, command),
        DevCommand::Show(args) => show(context, args),
        DevCommand::Status(args) => look(context, args, false),
        DevCommand::Diff(args) => look(context, args, true),
        DevCommand::Sync(container) => sync(context, container),
        DevCommand::Capture(container) => capture(context, container),
        DevCommand::Enter(container) => enter(context, container),
    }
}

fn declared(context: &Context) -> Result<Declared, Failure> {
    let declared = Declared::load(&context.setup()?)
        .map_err(|error: ManifestError| not_done(exit::NOT_POSSIBLE, (&error).into()))?;
    for error in &declared.unread {
        context.ui.say(&fill(&gettext("Left as it is: {entry}"), &[("entry", &error.to_string())]));
    }
    Ok(declared)
}

fn not_done(exit: u8, problem: Problem) -> Failure {
    Failure { problem, exit }
}

fn place(host: &dyn Host, container: &BoxOption) -> Result<Place, Failure> {
    Place::find(host, container.name.clone()).map_err(|problem| not_done(exit::NOT_POSSIBLE, problem))
}

fn packages(context: &Context, args: &DevDo, there: bool) -> Result<Answer, Failure> {
    let wishes: Vec<_> = args.packages.iter().map(|name| Wish::Package(name.clone(), there)).collect();
    make(context, &args.sides, &wishes)
}

/// Makes wishes come true on the sides that were asked for.
fn make(context: &Context, sides: &DevSides, wishes: &[Wish]) -> Result<Answer, Failure> {
    let host = context.host()?;
    let place =
        if sides.setup_only || context.globals.pr_only { None } else { Some(place(host.as_ref(), &sides.container)?) };
    let written = if sides.here_only { &[] } else { wishes };
    carry_out(context, host.as_ref(), place.as_ref(), written, wishes)
}

/// Writes and runs: the setup first, and back again when a command fails.
fn carry_out(
    context: &Context,
    host: &dyn Host,
    place: Option<&Place>,
    written: &[Wish],
    done: &[Wish],
) -> Result<Answer, Failure> {
    let ui = &context.ui;
    let setup = context.setup()?;
    let path = setup.join(TOOLBOX_PACKAGES);
    let unusable = |error: std::io::Error| {
        let values = [("file", TOOLBOX_PACKAGES), ("reason", &*error.to_string())];
        Failure::new(exit::FAILED, "file_unusable", fill(&gettext("{file}: {reason}"), &values))
    };
    let after = |before: &str| {
        dev::edited(before, written).map_err(|error| Failure::new(exit::FAILED, "manifest_invalid", error.to_string()))
    };
    let before = files::read(&path).map_err(unusable)?.unwrap_or_default();
    let writes = after(&before)? != before;
    let commands = place.map(|place| place.commands(done)).unwrap_or_default();
    let document = |ran: bool| {
        let lines: Vec<String> = commands.iter().map(ToString::to_string).collect();
        let name = place.and_then(Place::name);
        let write = writes.then_some(TOOLBOX_PACKAGES);
        json!({"format": "bkt.dev-run", "format_version": "1.0", "container": name, "writes": write, "commands": lines, "ran": ran})
    };
    if !writes && commands.is_empty() {
        return Ok(Answer::new(gettext("Nothing to do: it is so already."), document(false)));
    }
    let mut text = String::new();
    if writes {
        text.push_str(&fill(&gettext("Write {file}\n"), &[("file", TOOLBOX_PACKAGES)]));
    }
    for command in &commands {
        text.push_str(&fill(&gettext("Run {command}\n"), &[("command", &command.to_string())]));
    }
    if context.globals.dry_run {
        return Ok(Answer::new(text, document(false)));
    }
    // dnf would change the computer that this runs on.
    if place == Some(&Place::Here) && !commands.is_empty() && host.root().is_some() {
        let message = gettext("with --root no container is changed");
        let problem =
            Problem::new("not_possible", message).hinted(gettext("Write it to the setup with ‘--setup-only’"));
        return Err(not_done(exit::NOT_POSSIBLE, problem));
    }
    if !commands.is_empty() && !context.globals.yes {
        may_ask(context)?;
        ui.say(text.trim_end());
        if prompt::consent(ui, &gettext("Do this?"), None, false) != Consent::Yes {
            return Ok(Answer::new(gettext("Nothing was changed."), document(false)).exiting(exit::FAILED));
        }
    }
    let write = |change: &dyn Fn(&str) -> Result<Option<String>, Failure>| {
        let _lock = files::lock(&setup.join("manifests")).map_err(unusable)?;
        let now = files::read(&path).map_err(unusable)?.unwrap_or_default();
        match change(&now)? {
            Some(text) if text.is_empty() => files::remove(&path).map_err(unusable).map(|()| now),
            Some(text) => files::replace(&path, text.as_bytes()).map_err(unusable).map(|()| text),
            None => Ok(now),
        }
    };
    let mut was = String::new();
    let ours = if writes {
        was = before;
        write(&|now| after(now).map(|text| (text != now).then_some(text)))?
    } else {
        String::new()
    };
    let outcome = match place {
        Some(place) if !commands.is_empty() => dev::carry_out(host, place, done, &mut |line| ui.say(line)),
        _ => dev::Outcome::default(),
    };
    outcome.notes.iter().for_each(|note| ui.say(&note.message));
    if let Some(problem) = outcome.problem {
        let (gone, kept): (Vec<Wish>, Vec<Wish>) =
            written.iter().cloned().partition(|wish| outcome.unmet.contains(wish));
        if writes && !gone.is_empty() {
            let held = dev::edited(&was, &kept).unwrap_or_else(|_| was.clone());
            // Someone else's edit of the meantime stays.
            write(&|now| Ok((now == ours).then(|| held.clone())))?;
        }
        let met: Vec<&str> = done.iter().filter(|wish| !outcome.unmet.contains(wish)).map(Wish::name).collect();
        if !met.is_empty() {
            ui.say(&fill(&gettext("Done all the same: {names}"), &[("names", &met.join(", "))]));
        }
        return Err(not_done(exit::FAILED, problem));
    }
    let mut answer = Answer::new(gettext("Done."), document(true));
    if writes {
        answer = answer.hinted(fill(&gettext("Not committed: {files}"), &[("files", TOOLBOX_PACKAGES)]));
    }
    Ok(answer)
}

fn list(context: &Context, command: &DevCommand) -> Result<Answer, Failure> {
    let declared = declared(context)?;
    let mut text = String::new();
    if matches!(command, DevCommand::List) {
        declared.packages.iter().for_each(|name| text.push_str(&format!("{name}\n")));
    }
    for (project, on) in &declared.copr {
        let state = if *on { gettext("on") } else { gettext("off") };
        text.push_str(&format!("copr {project}  {state}\n"));
    }
    if text.is_empty() {
        text = gettext("The setup says nothing of a development container.");
    }
    Ok(Answer::new(text, document(&declared, None, &BTreeMap::new())))
}

/// Where a package of one of the two sides is.
type Sides = BTreeMap<String, (bool, bool)>;

fn document(declared: &Declared, place: Option<&Place>, sides: &Sides) -> Json {
    let packages: Vec<Json> = if place.is_some() {
        sides.iter().map(|(name, (setup, here))| json!({"name": name, "setup": setup, "installed": here})).collect()
    } else {
        declared.packages.iter().map(|name| json!({"name": name, "setup": true, "installed": null})).collect()
    };
    let copr: Vec<Json> = declared.copr.iter().map(|(project, on)| json!({"name": project, "enabled": on})).collect();
    json!({
        "format": "bkt.dev",
        "format_version": "1.0",
        "container": place.and_then(Place::name),
        "packages": packages,
        "copr_repos": copr,
    })
}

/// Both sides of every package that the setup names or someone chose.
fn sides(host: &dyn Host, place: &Place, declared: &Declared) -> Result<Sides, Failure> {
    let failed = |problem| not_done(exit::FAILED, problem);
    let installed = place.installed(host).map_err(failed)?;
    let chosen = place.chosen(host).map_err(failed)?;
    let mut sides: Sides = chosen.into_iter().map(|name| (name, (false, true))).collect();
    for name in &declared.packages {
        sides.insert(name.to_string(), (true, installed.contains(name.as_str())));
    }
    Ok(sides)
}

/// Both sides of packages by name, also of those that came along with others.
fn show(context: &Context, args: &DevShow) -> Result<Answer, Failure> {
    let declared = declared(context)?;
    let host = context.host()?;
    let place = place(host.as_ref(), &args.container)?;
    let installed = place.installed(host.as_ref()).map_err(|problem| not_done(exit::FAILED, problem))?;
    let both = |name: &PackageName| (declared.packages.contains(name), installed.contains(name.as_str()));
    let sides: Sides = args.packages.iter().map(|name| (name.to_string(), both(name))).collect();
    let said = |there: bool| if there { gettext("there") } else { gettext("not there") };
    let text = sides.iter().map(|(name, (setup, here))| {
        let values = [("setup", said(*setup)), ("container", said(*here))];
        let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
        format!("{name}\n{}", fill(&gettext("  Setup      {setup}\n  Container  {container}\n"), &values))
    });
    Ok(Answer::new(text.collect::<String>(), document(&declared, Some(&place), &sides)))
}

fn look(context: &Context, args: &DevLook, only_differing: bool) -> Result<Answer, Failure> {
    let declared = declared(context)?;
    let host = context.host()?;
    let place = place(host.as_ref(), &args.container)?;
    let mut sides = sides(host.as_ref(), &place, &declared)?;
    let missing = dev::missing(host.as_ref(), &place, &declared).map_err(|problem| not_done(exit::FAILED, problem))?;
    let differs = !missing.is_empty() || sides.values().any(|(setup, here)| setup != here);
    if only_differing {
        sides.retain(|_, (setup, here)| setup != here);
    }
    let wide = widest(sides.keys());
    let mut text = String::new();
    for (name, both) in &sides {
        let said = match both {
            (true, true) => gettext("installed"),
            (true, false) => gettext("missing in the container"),
            (false, _) => gettext("only in the container"),
        };
        text.push_str(&format!("{}  {said}\n", padded(name, wide)));
    }
    for (project, on) in &declared.copr {
        let is_missing = missing.contains(&Wish::Copr(project.clone(), *on));
        let said = match (is_missing, *on) {
            (true, true) => gettext("off in the container, on in the setup"),
            (true, false) => gettext("on in the container, off in the setup"),
            (false, _) if only_differing => continue,
            (false, true) => gettext("on"),
            (false, false) => gettext("off"),
        };
        text.push_str(&format!("copr {project}  {said}\n"));
    }
    if text.is_empty() {
        text = gettext("Everything matches.");
    }
    let exit = if differs && args.exit_code { exit::DIFFERENCES } else { exit::DONE };
    Ok(Answer::new(text, document(&declared, Some(&place), &sides)).exiting(exit))
}

fn sync(context: &Context, container: &BoxOption) -> Result<Answer, Failure> {
    let declared = declared(context)?;
    let host = context.host()?;
    let place = place(host.as_ref(), container)?;
    let wishes = dev::missing(host.as_ref(), &place, &declared).map_err(|problem| not_done(exit::FAILED, problem))?;
    carry_out(context, host.as_ref(), Some(&place), &[], &wishes)
}

fn capture(context: &Context, container: &BoxOption) -> Result<Answer, Failure> {
    let declared = declared(context)?;
    let host = context.host()?;
    let place = place(host.as_ref(), container)?;
    let chosen = place.chosen(host.as_ref()).map_err(|problem| not_done(exit::FAILED, problem))?;
    let names = chosen.iter().filter_map(|name| name.parse::<PackageName>().ok());
    let new = names.filter(|name| !declared.packages.contains(name)).map(|name| Wish::Package(name, true));
    let wishes: Vec<Wish> = new.collect();
    for wish in &wishes {
        if let Wish::Package(name, _) = wish {
            context.ui.say(&fill(&gettext("Only in the container: {package}"), &[("package", name.as_str())]));
        }
    }
    carry_out(context, host.as_ref(), None, &wishes, &[])
}

/// Opens a shell: this process becomes it.
#[expect(clippy::disallowed_methods, reason = "a shell needs the terminal, which Host::run gives no program")]
fn enter(context: &Context, container: &BoxOption) -> Result<Answer, Failure> {
    let host = context.host()?;
    let Some(command) = place(host.as_ref(), container)?.enter() else {
        return Err(Failure::new(exit::USAGE, "inside", gettext("this is a container already")));
    };
    if context.globals.dry_run {
        let text = fill(&gettext("Run {command}\n"), &[("command", &command.to_string())]);
        let lines = [command.to_string()];
        let document = json!({"format": "bkt.dev-run", "format_version": "1.0", "container": container.name, "writes": null, "commands": lines, "ran": false});
        return Ok(Answer::new(text, document));
    }
    let error = std::process::Command::new(&command.program).args(&command.args).exec();
    let values = [("program", command.program.as_str()), ("reason", &*error.to_string())];
    let message = fill(&gettext("{program} could not be run: {reason}"), &values);
    Err(Failure::new(exit::NOT_POSSIBLE, "command_failed_to_start", message))
}
