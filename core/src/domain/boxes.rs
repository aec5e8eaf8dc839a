// SPDX-License-Identifier: GPL-3.0-or-later
//! Boxes: declared in `distrobox.json`, observed by one `distrobox list` and one `podman inspect` for all of them.
//!
//! Compared is what a box was made from: image, packages, hooks, volumes, variables, path, flags, whether it has a
//! system manager of its own; and what it exports: single programs, whether anything of a folder of programs, and apps
//! in the menu. What was installed inside it since and `pull` are not compared; where podman does not answer, only the
//! image and the exports are. distrobox runs on the host as the person, never in the box.
//!
//! Invariant: a box is only made anew once its image is here, and nothing of a setup reaches a shell of the host.

pub mod assemble;
mod declared;
mod exported;
mod made;
mod make;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jsonc_parser::ast::Object;
use serde_json::Value as Json;

use crate::compare::Change;
use crate::host::{Host, HostError, Invocation};
use crate::i18n::{fill, gettext};
use crate::manifest::place::{Edit, Entry, Fields};
use crate::manifest::{Declarations, Manifest, ManifestError, Reader};
use crate::name::{BoxName, NameError};
use crate::problem::Problem;
use crate::value::{BoxSource, Value, is_directly_in, words};

use self::exported::Exported;
use super::{Kind, Log, Look, Observation, Observed};

/// No file by which a program of a box is run on the host is larger, in bytes.
const LARGEST: u64 = 16 << 10;

/// The boxes of this person and their images.
fn listed(host: &dyn Host) -> Result<BTreeMap<String, String>, Problem> {
    let listed = host.run(&Invocation::new("distrobox", ["list", "--no-color"]))?.success("distrobox")?;
    let unexpected = || Problem::new("unexpected_output", "distrobox does not list its boxes in a form Bucket knows");
    made::listed(&listed).ok_or_else(unexpected)
}

/// The names of the boxes of this person.
pub(crate) fn names(host: &dyn Host) -> Result<BTreeSet<String>, Problem> {
    Ok(listed(host)?.into_keys().collect())
}

/// Every box of this person, with what it exports to where the setup says.
fn look_around(host: &dyn Host, declared: &Declarations) -> Result<BTreeMap<String, BoxSource>, Problem> {
    let listed = listed(host)?;
    if listed.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut inspect = Invocation::new("podman", ["inspect", "--type", "container"]);
    inspect.args.extend(listed.keys().filter(|name| name.parse::<BoxName>().is_ok()).cloned());
    // Boxes of another container manager are known by their images only.
    let details = host.run(&inspect).ok().and_then(|answer| made::inspected(&answer.stdout));
    let mut details = details.unwrap_or_default();
    let exported = Exported::look(host, declared).ok();
    let home = host.home().and_then(Path::to_str);
    let box_of = |(name, image): (String, String)| {
        let said = declared.get(&name).and_then(|said| of(said.value.as_ref()));
        let exports = exported.as_ref().map(|exported| {
            let (bins, apps) = said.map_or((None, &None), |said| (said.bins.as_ref(), &said.exported_apps));
            (exported.bins(&name, bins), exported.apps(&name, apps))
        });
        let source = made::source(&image, details.remove(&name), exports, home);
        (name, source)
    };
    Ok(listed.into_iter().map(box_of).collect())
}

/// Why no box can be made from this; `None` when one can.
#[must_use]
pub fn objection(source: &BoxSource) -> Option<String> {
    make::objection(&made::spelled(source.clone(), None))
}

fn of(value: Option<&Value>) -> Option<&BoxSource> {
    match value {
        Some(Value::Box(source)) => Some(source),
        _ => None,
    }
}

/// Brings a box to what it is to be.
fn make(host: &dyn Host, name: &BoxName, to: &BoxSource, log: Log<'_>) -> Result<(), Problem> {
    let no_home = || Problem::new("no_home", "there is no home directory to make a box for");
    let home = host.home().and_then(Path::to_str).ok_or_else(no_home)?.to_owned();
    let create = make::create(name, to, &home)?;
    let here = look_around(host, &Declarations::new())?.remove(name.as_str());
    if !here.as_ref().is_some_and(|here| to.is_made_like(here)) {
        if here.is_some() {
            fetch(host, to, log)?;
            host.run_with(&make::remove(name), log)?.success("distrobox")?;
        }
        host.run_with(&create, log)?.success("distrobox")?;
    }
    export(host, name, to, &home, log)
}

/// Fetches the image of a box before the box that is there goes.
fn fetch(host: &dyn Host, to: &BoxSource, log: Log<'_>) -> Result<(), Problem> {
    let Some(image) = &to.image else { return Ok(()) };
    let podman = |words: &[&str]| Invocation::new("podman", words.iter().chain(&[image.as_str()]).copied());
    match host.run(&podman(&["image", "exists"])) {
        Ok(here) if here.status == 0 => return Ok(()),
        Ok(_) => {}
        // Another container manager fetches it when the box is made.
        Err(HostError::Missing(_)) => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    host.run_with(&podman(&["pull"]), log)?.success("podman")?;
    Ok(())
}

/// Exports what is not exported yet. A file of another kind is never replaced.
fn export(host: &dyn Host, name: &BoxName, to: &BoxSource, home: &str, log: Log<'_>) -> Result<(), Problem> {
    let bins = to.bins.clone().unwrap_or_default();
    let folder = made::expanded(bins.to(), home);
    let mut programs: Vec<String> = words(&bins.also).map(|path| made::expanded(path, home)).collect();
    let folders: Vec<String> = words(&bins.from).map(|path| made::expanded(path, home)).collect();
    if !folders.is_empty() {
        let folders: Vec<&str> = folders.iter().map(String::as_str).collect();
        let found = host.run(&make::programs(name, &folders))?.success("find")?;
        let is_wanted = |path: &&str| {
            let file = path.rsplit('/').next().unwrap_or_default();
            path.starts_with('/') && !words(&bins.exclude).any(|name| name == file)
        };
        programs.extend(found.lines().filter(is_wanted).map(str::to_owned));
    }
    let is_empty = |folder: &&String| !programs.iter().any(|program| is_directly_in(program, folder));
    let empty = folders.iter().find(is_empty).map(|folder| made::portable(folder, Some(home)));
    let mut wanted = Vec::new();
    for program in &programs {
        let file = Path::new(&folder).join(program.rsplit('/').next().unwrap_or_default());
        match (host.look(&file)?, exported::program(host, &file)) {
            (None, _) => wanted.push(program.as_str()),
            (Some(_), Some((owner, here))) if owner == name.as_str() && here == *program => {}
            (Some(_), Some((owner, _))) if owner == name.as_str() => wanted.push(program),
            (Some(_), _) => {
                let path = file.display();
                let message = format!("{path} is a file of another kind and is left alone");
                return Err(Problem::new("not_ours", message).hinted(format!("Move {path} away and apply again")));
            }
        }
    }
    if !wanted.is_empty() {
        host.run_with(&make::export(name, &folder, &wanted), log)?.success("distrobox-export")?;
    }
    let said = (&to.exported_apps, Exported::look(host, &Declarations::new())?);
    let here = said.1.apps(name.as_str(), said.0).unwrap_or_default();
    for app in words(said.0).filter(|app| !here.contains(app)) {
        host.run_with(&make::export_app(name, app), log)?.success("distrobox-export")?;
    }
    match empty {
        None => Ok(()),
        Some(folder) => {
            let message = format!("{folder} of the box {name} has no programs to export");
            Err(Problem::new("nothing_to_export", message)
                .hinted("Put one there and apply again, or take the folder out of ‘from’"))
        }
    }
}

/// Boxes.
#[derive(Debug)]
pub(super) struct Boxes;

impl Kind for Boxes {
    fn manifest(&self) -> Manifest {
        Manifest::Distrobox
    }

    fn declared(&self, reader: &mut Reader, root: &Object<'_>) -> Result<Declarations, ManifestError> {
        declared::read(reader, root)
    }

    fn observe(&self, look: &Look<'_>) -> Result<Observation, Problem> {
        let mut seen = Observation::default();
        if look.host.root().is_some() {
            // A box is a container of the running computer; none is below a directory.
            let unknown = || Problem::new("not_possible", "boxes are looked at on the running computer only");
            return if look.declared.is_empty() { Ok(seen) } else { Err(unknown()) };
        }
        let found = match look_around(look.host, look.declared) {
            Ok(found) => found,
            Err(problem) if problem.code == "command_missing" && look.declared.is_empty() => return Ok(seen),
            Err(problem) if problem.code == "command_missing" => {
                return Err(Problem::new("distrobox_missing", "distrobox is not installed")
                    .hinted("Install distrobox and podman and check again"));
            }
            Err(problem) => return Err(problem),
        };
        let home = look.host.home().and_then(Path::to_str);
        for (name, source) in found.into_iter().filter(|(name, _)| name.parse::<BoxName>().is_ok()) {
            seen.entries.insert(name, Observed { own: true, ..Observed::of(Value::Box(Box::new(source))) });
        }
        for (name, said) in look.declared {
            let Some(source) = of(said.value.as_ref()) else { continue };
            let entry = seen.entries.entry(name.clone()).or_default();
            if source.root == Some(true) {
                let message = format!("{name} belongs to root, whose boxes are not looked at");
                entry.problem = Some(Problem::new("not_possible", message));
                continue;
            }
            let spelled = made::spelled(source.clone(), home);
            entry.fixed = make::objection(&spelled);
            entry.declared_as = Some(Value::Box(Box::new(spelled)));
        }
        Ok(seen)
    }

    fn value(&self, json: &Json) -> Option<Value> {
        serde_json::from_value(json.clone()).ok().map(|source| Value::Box(Box::new(source)))
    }

    fn places(&self, key: &str, value: Option<&Value>) -> Option<Vec<Edit>> {
        let name: BoxName = key.parse().ok()?;
        let known = match value {
            None => Json::Null,
            Some(value) => Json::Object(serde_json::to_value(of(Some(value))?).ok()?.as_object()?.clone()),
        };
        let fields = BoxSource::FIELDS.iter().map(|field| (*field, known.get(field).cloned())).collect();
        let fields = Fields { id: &[], fields, or_word: false, apart: None };
        let entry = Entry::Member { name: name.to_string(), fields };
        Some(vec![Edit { path: &["containers"], entry, there: value.is_some() }])
    }

    fn captured(&self, change: &Change) -> Option<Value> {
        let here = of(change.computer.as_ref())?;
        Some(Value::Box(Box::new(here.captured(of(change.setup.as_ref())))))
    }

    fn sentence(&self, key: &str, from: Option<&Value>, to: Option<&Value>) -> Option<String> {
        let sentence = match (of(from), of(to)) {
            (_, None) => gettext("Remove the box {box} and everything installed in it"),
            (None, Some(_)) => gettext("Make the box {box} from {image}"),
            (Some(from), Some(to)) if to.is_made_like(from) => gettext("Export programs of the box {box}"),
            (Some(_), Some(_)) => gettext("Make the box {box} anew from {image}; what was installed in it is lost"),
        };
        let image =
            of(to).and_then(|to| to.image.as_ref()).map_or_else(|| gettext("the usual image"), ToString::to_string);
        Some(fill(&sentence, &[("box", key), ("image", &image)]))
    }

    fn is_reversible(&self, from: Option<&Value>, to: Option<&Value>) -> bool {
        match (of(from), of(to)) {
            (Some(from), Some(to)) => to.is_made_like(from),
            (Some(_), None) => false,
            (None, _) => true,
        }
    }

    fn is_own(&self) -> bool {
        true
    }

    fn perform(&self, host: &dyn Host, key: &str, to: Option<&Value>, log: Log<'_>) -> Result<(), Problem> {
        let name: BoxName = key.parse().map_err(|error: NameError| Problem::new("name_invalid", error.to_string()))?;
        match to {
            None => host.run_with(&make::remove(&name), log)?.success("distrobox").map(drop).map_err(Into::into),
            Some(Value::Box(to)) => make(host, &name, to, log),
            Some(_) => Err(Problem::new("internal", format!("{name} is no box"))),
        }
    }
}

#[cfg(test)]
mod tests;
