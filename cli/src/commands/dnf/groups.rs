// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt dnf install @GROUP` and `remove @GROUP`: groups of packages for the image.
//!
//! Invariant: only the setup and its recipe change; which packages a group has is dnf's to say when the image is built.

use bkt_core::describe;
use bkt_core::domain::pkg::groups;
use bkt_core::files;
use bkt_core::i18n::{fill, gettext};
use bkt_core::manifest::Manifest;
use bkt_core::name::GroupName;
use bkt_core::recipe::{self, of_the_image};
use bkt_core::setup::Setup;
use serde_json::json;

use crate::args::ThingsArgs;
use crate::commands::run;
use crate::context::Context;
use crate::error::{Answer, Failure, exit};

/// The groups among some names; `None` where there is none.
pub(super) fn named(args: &ThingsArgs) -> Result<Option<Vec<GroupName>>, Failure> {
    let names: Vec<&str> = args.names.iter().filter_map(|name| name.strip_prefix('@')).collect();
    if names.is_empty() {
        return Ok(None);
    }
    if names.len() < args.names.len() {
        return Err(Failure::new(exit::USAGE, "usage", gettext("groups and packages are changed one after the other"))
            .hinted(gettext("Name only the groups, then only the packages")));
    }
    if args.sides.here_only || args.sides.now {
        return Err(Failure::new(exit::USAGE, "not_possible", gettext("a group is for the image alone"))
            .hinted(gettext("Name the packages it is about")));
    }
    let parse = |name: &str| name.parse().map_err(|error: bkt_core::name::NameError| error.to_string());
    let parsed: Result<Vec<GroupName>, String> = names.into_iter().map(parse).collect();
    parsed.map(Some).map_err(|message| Failure::new(exit::USAGE, "name_invalid", message))
}

/// Puts groups into the setup, or takes them out.
pub(super) fn change(context: &Context, named: Vec<GroupName>, there: bool) -> Result<Answer, Failure> {
    let session = context.session()?;
    let directory = &session.setup;
    let file = Manifest::SystemPackages.path();
    let unusable = |error: std::io::Error| {
        let values = [("file", file), ("reason", &error.to_string())];
        Failure::new(exit::FAILED, "file_unusable", fill(&gettext("{file}: {reason}"), &values))
    };
    let broken = |message: String| Failure::new(exit::FAILED, "manifest_invalid", message);
    // Of an older recipe, the manifests as they were are what tells which sections nobody edited.
    let ours = recipe::file::generated(directory);
    let setup = Setup::load(directory).map_err(bkt_core::session::SessionError::from)?;
    let known = of_the_image(&setup).map_err(|error| broken(error.to_string()))?.groups;
    let (changed, same): (Vec<GroupName>, Vec<GroupName>) =
        named.into_iter().partition(|group| known.iter().any(|known| known == group.as_str()) != there);
    let written = !changed.is_empty() && !context.globals.dry_run;
    let mut sections = Vec::new();
    if written {
        let lock = files::lock(&directory.join("manifests")).map_err(unusable)?;
        let path = directory.join(file);
        let before = files::read(&path).map_err(unusable)?.unwrap_or_default();
        let after = groups::edited(&before, &changed, there).map_err(|error| broken(error.to_string()))?;
        files::replace(&path, after.as_bytes()).map_err(unusable)?;
        drop(lock);
        match recipe::file::follow(directory, &ours) {
            Ok(followed) => sections = followed,
            Err(error) => context.ui.say(&error.to_string()),
        }
    }
    let names = |groups: &[GroupName]| {
        let names: Vec<String> = groups.iter().map(|group| format!("@{group}")).collect();
        describe::names(&names.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let words = match (changed.is_empty(), context.globals.dry_run, there) {
        (true, _, true) => gettext("{groups} is in {file} already."),
        (true, _, false) => gettext("{groups} is not in {file}."),
        (_, true, true) => gettext("Would add {groups} to {file}."),
        (_, true, false) => gettext("Would take {groups} out of {file}."),
        (_, false, true) => gettext("Added {groups} to {file}."),
        (_, false, false) => gettext("Took {groups} out of {file}."),
    };
    let told = names(if changed.is_empty() { &same } else { &changed });
    let mut text = fill(&words, &[("groups", &told), ("file", file)]);
    for section in &sections {
        let sentence = gettext("Containerfile: {section} follows the setup");
        text.push_str(&format!("\n{}", fill(&sentence, &[("section", section.name())])));
    }
    let sections: Vec<&str> = sections.iter().map(|section| section.name()).collect();
    let document = json!({
        "format": "bkt.dnf-groups",
        "format_version": "1.0",
        "file": file,
        "written": written,
        "groups": changed,
        "there": there,
        "recipe": sections,
    });
    let answer = Answer::new(text, document);
    let answer = if written && there {
        answer.hinted(gettext("Its packages come with the next image built from the setup."))
    } else {
        answer
    };
    Ok(run::with_recipe(&session, answer))
}
