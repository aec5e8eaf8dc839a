// SPDX-License-Identifier: GPL-3.0-or-later
//! The words for items, changes, steps and reasons, shared by the command line, the window and notifications.
//!
//! Invariant: every function returns a whole translated sentence or label; front ends only place them.

use crate::compare::{Change, Comparison, Decision, Effect, Origin, Privilege, Shape};
use crate::i18n::{fill, gettext, ngettext};
use crate::item::Domain;
use crate::name::{BranchName, FlatpakId};
use crate::plan::{Action, Deferral, Direction, Plan, Step};
use crate::recipe::Section;
use crate::recipe::file::Foreseen;
use crate::run::{Stage, StepState};
use crate::value::{UnitState, Value};

/// The heading of a domain.
#[must_use]
pub fn domain(domain: Domain) -> String {
    match domain {
        Domain::Remote => gettext("Flatpak Remotes"),
        Domain::Flatpak => gettext("Flatpak Apps"),
        Domain::Ext => gettext("Extensions"),
        Domain::Gsetting => gettext("Settings"),
        Domain::Shim => gettext("Host Commands"),
        Domain::Skel => gettext("Home Files"),
        Domain::Etc => gettext("System Files"),
        Domain::Brew => gettext("Homebrew"),
        Domain::Bin => gettext("Fetched Programs"),
        Domain::AppImage => gettext("AppImages"),
        Domain::Box => gettext("Distrobox Containers"),
        Domain::Unit => gettext("System Services"),
        Domain::Copr => gettext("COPR Repositories"),
        Domain::Pkg => gettext("Packages"),
        Domain::Karg => gettext("Kernel Arguments"),
    }
}

/// How the sides differ.
#[must_use]
pub fn shape(shape: Shape) -> String {
    match shape {
        Shape::OnlyHere => gettext("Only on this computer"),
        Shape::Missing => gettext("Missing here"),
        Shape::Different => gettext("Different"),
    }
}

/// Which side moved.
#[must_use]
pub fn origin(origin: Origin) -> String {
    match origin {
        Origin::ComputerChanged => gettext("Changed here"),
        Origin::SetupChanged => gettext("Changed in the setup"),
        Origin::BothChanged => gettext("Changed in both places"),
        Origin::New => gettext("Not compared before"),
    }
}

/// When it takes effect.
#[must_use]
pub fn effect(effect: Effect) -> String {
    match effect {
        Effect::Now => gettext("Now"),
        Effect::SignOut => gettext("After signing out"),
        Effect::Restart => gettext("After restart"),
        Effect::Image => gettext("Next image"),
    }
}

/// Who may do it, where it is not the person.
#[must_use]
pub fn privilege(privilege: Privilege) -> Option<String> {
    (privilege == Privilege::Admin).then(|| gettext("Administrator"))
}

/// What was decided.
#[must_use]
pub fn decision(decision: Option<Decision>) -> String {
    match decision {
        None => gettext("Decide Later"),
        Some(Decision::Apply) => gettext("Apply"),
        Some(Decision::Capture) => gettext("Capture"),
        Some(Decision::Ignore) => gettext("Ignore"),
    }
}

/// What applying a change would do, for its detail page.
#[must_use]
pub fn apply_sentence(change: &Change) -> String {
    match (&change.setup, change.effect) {
        _ if change.fixed.is_some() => gettext("This computer cannot change it."),
        (_, Effect::Now) if change.id.domain == Domain::Etc => match &change.computer {
            Some(Value::Etc(seen)) if seen.image.is_some() => gettext("Restores it from the image."),
            _ => deferral(Deferral::NotOfImage),
        },
        (_, Effect::Image) => gettext("It arrives with the next image built from the setup."),
        (Some(value), Effect::Restart) => {
            fill(&gettext("Sets this computer to {value} from the next restart on."), &[("value", &value.to_string())])
        }
        (Some(value), _) => fill(&gettext("Sets this computer to {value}."), &[("value", &value.to_string())]),
        (None, _) if change.computer == Some(Value::Unit(UnitState::Masked)) => gettext("Unmasks it on this computer."),
        (None, _) if change.computer == Some(Value::Unit(UnitState::Disabled)) => {
            gettext("Enables it on this computer.")
        }
        (None, _) if matches!(change.id.domain, Domain::Unit | Domain::Ext) => gettext("Disables it on this computer."),
        (None, Effect::Restart) => gettext("Removes it from this computer at the next restart."),
        (None, _) => gettext("Removes it from this computer."),
    }
}

/// What capturing a change would do, for its detail page.
#[must_use]
pub fn capture_sentence(change: &Change) -> String {
    if crate::manifest::Manifest::of(change.id.domain).tree().is_some() {
        let file = change.file();
        let is_there = crate::domain::kind(change.id.domain).captured(change).is_some();
        let sentence = if is_there { gettext("Copies it to {file}.") } else { gettext("Removes {file}.") };
        return fill(&sentence, &[("file", &file)]);
    }
    let usual = || crate::manifest::Manifest::of(change.id.domain);
    let file = change.declared_at.map_or_else(usual, |(manifest, _)| manifest).path();
    match &change.computer {
        Some(value) => fill(&gettext("Saves {value} in {file}."), &[("value", &value.to_string()), ("file", file)]),
        None => fill(&gettext("Takes it out of {file}."), &[("file", file)]),
    }
}

/// The values of a change, `setup → computer`.
#[must_use]
pub fn values(change: &Change) -> Option<String> {
    match (&change.setup, &change.computer) {
        (Some(setup), Some(computer)) => Some(format!("{setup} → {computer}")),
        // The image is the other side.
        (None, Some(Value::Etc(seen))) => Some(seen.to_string()),
        _ => None,
    }
}

/// What a step does, as one imperative sentence.
#[must_use]
pub fn step(step: &Step) -> String {
    let item = step.item.key.as_str();
    match &step.action {
        Action::InstallPackage { name } => fill(&gettext("Install {package}"), &[("package", name.as_str())]),
        Action::RemovePackage { name } => fill(&gettext("Remove {package}"), &[("package", name.as_str())]),
        Action::LayerPackage { name } => {
            fill(&gettext("Layer {package} on the system image"), &[("package", name.as_str())])
        }
        Action::UnlayerPackage { name } => {
            fill(&gettext("Take {package} out of what is layered on the system image"), &[("package", name.as_str())])
        }
        Action::ResetBasePackage { name } => {
            fill(&gettext("Bring {package} back as the system image has it"), &[("package", name.as_str())])
        }
        Action::RemoveBasePackage { name } => {
            fill(&gettext("Take {package} out of the system image on this computer"), &[("package", name.as_str())])
        }
        Action::UnlockSystem {} => gettext("Make system programs changeable until the next restart"),
        Action::EnableCopr { project } => {
            let sentence = gettext("Add the COPR {project}, whose packages the distribution does not check");
            fill(&sentence, &[("project", project.as_str())])
        }
        Action::DisableCopr { project } => {
            fill(&gettext("Turn off the COPR {project}; its packages stay"), &[("project", project.as_str())])
        }
        Action::SetUnit { unit, state } => {
            let sentence = match state {
                UnitState::Enabled => gettext("Enable {unit}"),
                UnitState::Disabled => gettext("Disable {unit}"),
                UnitState::Masked => gettext("Mask {unit}"),
            };
            fill(&sentence, &[("unit", unit.as_str())])
        }
        Action::UnmaskUnit { unit } => fill(&gettext("Unmask {unit}"), &[("unit", unit.as_str())]),
        Action::StartUnit { unit } => fill(&gettext("Start {unit}"), &[("unit", unit.as_str())]),
        Action::StopUnit { unit } => fill(&gettext("Stop {unit}"), &[("unit", unit.as_str())]),
        Action::RestartUnit { unit } => fill(&gettext("Restart {unit}"), &[("unit", unit.as_str())]),
        Action::ReloadUnits {} => gettext("Read all unit files again"),
        Action::UpgradeSystem {} => gettext("Prepare the newest version of the system"),
        Action::SwitchSystem { image, signed } => {
            let sentence = match signed {
                true => gettext("Follow the image {image}"),
                false => gettext("Follow the image {image}, WITHOUT checking its signature"),
            };
            fill(&sentence, &[("image", image.as_str())])
        }
        Action::RollBackSystem {} => gettext("Go back to the version of the system before this one"),
        Action::ResetSystem {} => gettext("Take out what is layered on the image, replaced or removed in it"),
        Action::AddKernelArgument { argument } => {
            fill(&gettext("Add kernel argument {argument}"), &[("argument", argument.as_str())])
        }
        Action::RemoveKernelArgument { argument } => {
            fill(&gettext("Remove kernel argument {argument}"), &[("argument", argument.as_str())])
        }
        Action::SetSetting { key, value: None } => {
            fill(&gettext("Reset {key} to its default"), &[("key", key.as_str())])
        }
        Action::SetSetting { key, value: Some(value) } => {
            fill(&gettext("Set {key} to {value}"), &[("key", key.as_str()), ("value", value)])
        }
        Action::InstallFlatpak { id, source } => {
            let from = step.from.as_ref().and_then(|json| Value::from_json(step.item.domain, json));
            let from = match &from {
                Some(Value::Flatpak(from)) => Some(from),
                _ => None,
            };
            crate::domain::flatpak::sentence(id, from, source)
        }
        Action::RemoveFlatpak { id, branch, .. } => {
            fill(&gettext("Remove {app} and keep its data"), &[("app", &application(id, branch.as_ref()))])
        }
        Action::RestoreEtc { path, to } => {
            let from = step.from.as_ref().and_then(|json| Value::from_json(step.item.domain, json));
            let is_image = matches!(&from, Some(Value::Etc(seen)) if seen.image == *to);
            let sentence = match (to, is_image) {
                (None, _) => gettext("Remove {file} again, which the image has"),
                (Some(_), true) => gettext("Restore {file} from the image"),
                (Some(_), false) => gettext("Put {file} back as it was before"),
            };
            fill(&sentence, &[("file", path.as_str())])
        }
        Action::AddRemote { name, remote } => {
            crate::domain::remote::sentence(name.as_str(), step.from.is_none(), remote)
        }
        Action::RemoveRemote { name } => {
            fill(&gettext("Remove the Flatpak remote {remote}"), &[("remote", name.as_str())])
        }
        Action::SetOwn { value } => domain_step(step, value.as_ref()),
        Action::WriteManifest { value, .. } => {
            let file = step.manifest().map_or("", crate::manifest::Manifest::path);
            let sentence = match (value, &step.from) {
                (None, _) => gettext("Take {item} out of {file}"),
                (Some(serde_json::Value::Bool(false)), _) => gettext("Add to {file} that {item} is to be removed"),
                (Some(value), _)
                    if ["gpg_verify", "gpg_check"].iter().any(|check| value.get(check) == Some(&false.into())) =>
                {
                    gettext("Write {item} to {file}, WITHOUT checking signatures")
                }
                (Some(_), None) => gettext("Add {item} to {file}"),
                (Some(_), Some(_)) => gettext("Change {item} in {file}"),
            };
            fill(&sentence, &[("item", item), ("file", file)])
        }
    }
}

/// What a step does to an item of the person's own.
fn domain_step(step: &Step, to: Option<&serde_json::Value>) -> String {
    let domain = step.item.domain;
    let kind = crate::domain::kind(domain);
    let value = |json: Option<&serde_json::Value>| json.and_then(|json| kind.value(json));
    let (from, to) = (value(step.from.as_ref()), value(to));
    if let Some(sentence) = kind.sentence(&step.item.key, from.as_ref(), to.as_ref()) {
        return sentence;
    }
    let values = |value: &str| {
        let sentence =
            if from.is_some() { gettext("Change {item} to {value}") } else { gettext("Add {item}: {value}") };
        fill(&sentence, &[("item", &step.item.key), ("value", value)])
    };
    match to {
        None => fill(&gettext("Remove {item}"), &[("item", &step.item.key)]),
        Some(value) => values(&value.to_string()),
    }
}

/// An application with the branch it is about, as flatpak writes it, so that one going and one coming differ.
fn application(id: &FlatpakId, branch: Option<&BranchName>) -> String {
    branch.map_or_else(|| id.to_string(), |branch| format!("{id}//{branch}"))
}

/// What becomes of the recipe, one sentence each.
#[must_use]
pub fn recipe(foreseen: &Foreseen) -> Vec<String> {
    let all = |sections: &[Section]| sections.iter().map(|section| section.name()).collect::<Vec<_>>().join(", ");
    let said = |sentence: String, sections: &[Section]| {
        let values = [("file", foreseen.file), ("sections", &*all(sections))];
        (!sections.is_empty()).then(|| fill(&sentence, &values))
    };
    let changed = said(gettext("{file}: {sections}"), &foreseen.changed);
    let missing = gettext("{file}: without {sections}; ‘bkt containerfile adopt’ inserts it");
    changed.into_iter().chain(said(missing, &foreseen.missing)).collect()
}

/// The heading a step stands under in a reviewed plan.
#[must_use]
pub fn step_group(step: &Step) -> String {
    match (step.direction, step.effect, step.privilege) {
        (Direction::Capture, ..) => gettext("Setup Files"),
        (_, Effect::Restart, Privilege::Admin) => gettext("After Restart, as Administrator"),
        (_, Effect::Restart, Privilege::User) => gettext("After Restart"),
        (_, _, Privilege::Admin) => gettext("Now, as Administrator"),
        (_, _, Privilege::User) => gettext("Now"),
    }
}

/// How a step stands.
#[must_use]
pub fn step_state(state: StepState) -> String {
    match state {
        StepState::Running => gettext("Running"),
        StepState::Done => gettext("Done"),
        StepState::Waiting => gettext("Done, after restart"),
        StepState::Failed => gettext("Failed"),
        StepState::Skipped => gettext("Skipped"),
    }
}

/// How far the tool of a step has come.
#[must_use]
pub fn progress(stage: Stage, percent: u8) -> String {
    let sentence = match stage {
        Stage::Downloading => gettext("Downloading, {percent} %"),
        Stage::Importing => gettext("Unpacking, {percent} %"),
        Stage::Deploying => gettext("Preparing the next start, {percent} %"),
        Stage::Working => gettext("{percent} %"),
    };
    fill(&sentence, &[("percent", &percent.to_string())])
}

/// Why something asked for is not a step.
#[must_use]
pub fn deferral(why: Deferral) -> String {
    match why {
        Deferral::NextImage => gettext("It arrives with the next image built from the setup."),
        Deferral::OlderBootc => gettext(
            "It arrives with the next image built from the setup; to add it here, bootc 1.15.2 and libostree 2026.1 are needed.",
        ),
        Deferral::EndsAtRestart => gettext("It is temporary and goes at the next restart."),
        Deferral::Fixed => gettext("This computer cannot change it."),
        Deferral::Private => gettext("It looks private and was left out of the setup."),
        Deferral::NoKey => gettext(
            "The setup does not say which key it is signed with: add its .flatpakrepo address, or its key as ‘gpg_key’.",
        ),
        Deferral::NotOfImage => gettext("The image has no such file to put back; remove it by hand, or capture it."),
        Deferral::NoPlace => gettext("The setup has no place for it; what is to last belongs in the recipe."),
        Deferral::Unchecked => gettext(
            "The setup does not want its packages checked, which only an image does: set ‘gpg_check’ to true to add it here.",
        ),
    }
}

/// `3 Changes to Decide`, `Everything Matches`, …
#[must_use]
pub fn headline(comparison: &Comparison) -> String {
    let count = |n: usize, one: &str, many: &str| {
        fill(&ngettext(one, many, u32::try_from(n).unwrap_or(u32::MAX)), &[("count", &n.to_string())])
    };
    match (comparison.changes.len(), comparison.unknown.len()) {
        (0, 0) => gettext("Everything Matches"),
        (0, unknown) => count(unknown, "{count} Could Not Be Checked", "{count} Could Not Be Checked"),
        (changes, _) => count(changes, "{count} Change to Decide", "{count} Changes to Decide"),
    }
}

/// The administrator's part of a plan in a few words, for the authorisation dialog: `install 2 packages, change
/// 1 service`.
#[must_use]
pub fn admin_summary(plan: &Plan) -> String {
    let steps = |test: fn(&Action) -> bool| plan.admin_steps().filter(|(_, step)| test(&step.action)).count();
    let count = |n: usize, one: &str, many: &str| {
        let sentence = ngettext(one, many, u32::try_from(n).unwrap_or(u32::MAX));
        (n > 0).then(|| fill(&sentence, &[("count", &n.to_string())]))
    };
    let installs = steps(|action| matches!(action, Action::InstallPackage { .. } | Action::LayerPackage { .. }));
    let resets = steps(|action| matches!(action, Action::ResetBasePackage { .. }));
    let removals = steps(|action| {
        use Action::{RemoveBasePackage, RemovePackage, UnlayerPackage};
        matches!(action, RemovePackage { .. } | UnlayerPackage { .. } | RemoveBasePackage { .. })
    });
    let coprs = steps(|action| matches!(action, Action::EnableCopr { .. } | Action::DisableCopr { .. }));
    let units = steps(|action| matches!(action, Action::SetUnit { .. } | Action::UnmaskUnit { .. }));
    let starts = steps(|action| {
        matches!(action, Action::StartUnit { .. } | Action::StopUnit { .. } | Action::RestartUnit { .. })
    });
    let reloads = steps(|action| matches!(action, Action::ReloadUnits {}));
    let arguments =
        steps(|action| matches!(action, Action::AddKernelArgument { .. } | Action::RemoveKernelArgument { .. }));
    let apps = steps(|action| matches!(action, Action::InstallFlatpak { .. } | Action::RemoveFlatpak { .. }));
    let remotes = steps(|action| matches!(action, Action::AddRemote { .. } | Action::RemoveRemote { .. }));
    let files = steps(|action| matches!(action, Action::RestoreEtc { .. }));
    let said = [
        count(coprs, "change {count} source of packages", "change {count} sources of packages"),
        count(installs, "install {count} package", "install {count} packages"),
        count(removals, "remove {count} package", "remove {count} packages"),
        count(resets, "bring back {count} package of the image", "bring back {count} packages of the image"),
        count(units, "change {count} service", "change {count} services"),
        count(starts, "start or stop {count} service", "start or stop {count} services"),
        (reloads > 0).then(|| gettext("read the unit files again")),
        plan.admin_steps().find_map(|(_, step)| image_summary(&step.action)),
        count(files, "restore {count} system file", "restore {count} system files"),
        count(arguments, "change {count} kernel argument", "change {count} kernel arguments"),
        count(remotes, "change {count} source of apps", "change {count} sources of apps"),
        count(apps, "change {count} system app", "change {count} system apps"),
    ];
    said.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// What becomes of the system's image, for the authorisation dialog.
fn image_summary(action: &Action) -> Option<String> {
    match action {
        Action::UpgradeSystem {} => Some(gettext("update the system")),
        Action::SwitchSystem { image, .. } => {
            Some(fill(&gettext("follow the system image {image}"), &[("image", image.as_str())]))
        }
        Action::RollBackSystem {} => Some(gettext("go back to the previous version of the system")),
        Action::ResetSystem {} => Some(gettext("take out what is layered on the system image")),
        _ => None,
    }
}

/// A list of names in a sentence: at most two, then how many more.
#[must_use]
pub fn names(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [one, two] => fill(&gettext("{first} and {second}"), &[("first", one), ("second", two)]),
        [one, two, rest @ ..] => {
            let more = ngettext(
                "{first}, {second} and {count} more",
                "{first}, {second} and {count} more",
                u32::try_from(rest.len()).unwrap_or(u32::MAX),
            );
            fill(&more, &[("first", one), ("second", two), ("count", &rest.len().to_string())])
        }
    }
}
