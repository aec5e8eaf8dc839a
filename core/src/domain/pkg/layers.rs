// SPDX-License-Identifier: GPL-3.0-or-later
//! What was layered on an image, now and from the next start on.
//!
//! Invariant: only what someone layered is here; nothing of the image itself is.

use std::collections::{BTreeMap, BTreeSet};

use crate::deployment::{Deployment, HostKind, System};
use crate::domain::Observed;
use crate::i18n::{fill, gettext};
use crate::manifest::Declarations;
use crate::value::{PackageOverride, Value};

use super::Installed;

/// The packages layered on a deployment: by name, and from files.
pub(super) fn layered(deployment: &Deployment) -> BTreeSet<String> {
    let files = deployment.local.iter().map(|file| name_of(file).to_owned());
    deployment.layered.iter().cloned().chain(files).collect()
}

/// `1password-8.11.2-1.x86_64` to `1password`.
fn name_of(nevra: &str) -> &str {
    let name = nevra.rsplitn(3, '-').nth(2);
    name.filter(|name| !name.is_empty()).unwrap_or(nevra)
}

/// The package of a layer, which may be named as its file is.
pub(super) fn package<'n>(name: &'n str, installed: &Installed) -> &'n str {
    if installed.contains_key(name) { name } else { name_of(name) }
}

/// Everything layered, on this start's deployment or the next one's.
pub(super) fn all(system: &System) -> BTreeSet<String> {
    let deployments = system.booted.iter().chain(system.next_start());
    deployments.flat_map(layered).chain(system.layered.iter().cloned()).collect()
}

/// What the installed packages alone do not tell: layers that come with the next start.
pub(super) fn beyond_installed(system: &System, installed: &Installed) -> Vec<(String, Observed)> {
    let now = system.booted.as_ref().map(layered).unwrap_or_default();
    let there = |after_restart| Observed { own: true, after_restart, ..Observed::of(Value::Present) };
    let mut seen = Vec::new();
    let then = system.next_start().map(layered).unwrap_or_default().into_iter().chain(system.layered.iter().cloned());
    for name in then.filter(|name| !installed.contains_key(name)) {
        // A layer may be asked for by another name than the package's own; then it is here although rpm knows no such name.
        let after_restart = !now.contains(&name);
        seen.push((name, there(after_restart)));
    }
    seen
}

/// What was done to packages of a deployment's image.
fn overrides(deployment: &Deployment) -> BTreeMap<String, PackageOverride> {
    let removed = deployment.removed.iter().map(|name| (name.clone(), PackageOverride::Removed));
    removed.chain(deployment.replaced.iter().map(|text| (text.clone(), PackageOverride::Replaced))).collect()
}

/// What was done to one. One that came as a file is named with its version and architecture.
pub(super) fn override_of(deployment: &Deployment, name: &str) -> Option<PackageOverride> {
    overrides(deployment).into_iter().find(|(text, _)| text == name || name_of(text) == name).map(|(_, state)| state)
}

/// What was done to packages of the image and lasts: taken out or replaced. A package that is there is as the setup
/// wants it, whichever version it is in.
pub(super) fn overridden(
    system: &System,
    declared: &Declarations,
    installed: &Installed,
) -> BTreeMap<String, Observed> {
    let of = |deployment: &Deployment| -> BTreeMap<String, PackageOverride> {
        let named = |(text, state): (String, PackageOverride)| (package(&text, installed).to_owned(), state);
        overrides(deployment).into_iter().map(named).collect()
    };
    let now = system.booted.as_ref().map(of).unwrap_or_default();
    // What the next start takes back is as good as gone.
    let then = system.next_start().map_or_else(|| now.clone(), of);
    let is_declared = |name: &str| declared.contains_key(name);
    let mut seen = BTreeMap::new();
    for (name, state) in then.iter().filter(|(name, state)| **state == PackageOverride::Removed || !is_declared(name)) {
        // Only a system that has such a thing already has what takes it back.
        let is_rpm_ostrees = matches!(system.kind, HostKind::Layered | HostKind::Ostree);
        let hint = gettext("‘rpm-ostree override reset {name}’ takes that back; what is to last belongs in the recipe");
        let fixed = (!is_rpm_ostrees).then(|| fill(&hint, &[("name", name)]));
        let (value, after_restart) = (Value::Override(*state), now.get(name) != Some(state));
        seen.insert(name.clone(), Observed { own: true, after_restart, fixed, ..Observed::of(value) });
    }
    // What was taken out and comes back with the restart.
    for name in now.keys().filter(|name| !then.contains_key(*name) && is_declared(name)) {
        seen.insert(name.clone(), Observed { after_restart: true, ..Observed::of(Value::Present) });
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agreed::Base;
    use crate::compare::{Change, Effect, Origin, Privilege, Shape};
    use crate::domain::Actions;
    use crate::domain::Kind as _;
    use crate::domain::pkg::{Packages, observe};
    use crate::host::recording::RecordingHost;
    use crate::manifest::{Declaration, Manifest};
    use crate::name::PackageName;
    use crate::plan::{Action, Deferral, Step};

    const RPM: &str = "rpm -qa --qf '%{NAME}\\t%{EVR}.%{ARCH}\\n'";

    fn host() -> RecordingHost {
        let text = "bash\t5-1.x86_64\nhtop\t3-1.x86_64\ntmux\t3-1.x86_64\n1password\t8.11.2-1.x86_64\n";
        RecordingHost::default().prints(RPM, text)
    }

    fn system(kind: HostKind, booted: Deployment, next: Option<Deployment>) -> System {
        let mut system = System::probe(&RecordingHost::default());
        system.kind = kind;
        system.next = next.as_ref().map(|next| next.id.clone());
        (system.booted, system.staged) = (Some(booted), next);
        system
    }

    fn deployment(id: &str, layered: &[&str], local: &[&str]) -> Deployment {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Deployment {
            id: id.to_owned(),
            stateroot: Some("fedora".to_owned()),
            layered: words(layered),
            local: words(local),
            ..Deployment::default()
        }
    }

    #[test]
    fn layers_by_name_and_from_files_are_someones_and_the_image_is_not() {
        for kind in [HostKind::Layered, HostKind::Ostree, HostKind::ImageOnly] {
            let booted = deployment("a.0", &["htop", "tmux"], &["1password-8.11.2-1.x86_64"]);
            let seen = observe(&host(), &system(kind, booted, None), &Declarations::new()).unwrap().entries;
            assert_eq!(seen.keys().collect::<Vec<_>>(), ["1password", "htop", "tmux"]);
            assert!(seen.values().all(|observed| observed.own && !observed.after_restart));
        }
        for kind in [HostKind::Image, HostKind::ImageOnly, HostKind::Composefs] {
            let clean = system(kind, deployment("a.0", &[], &[]), None);
            assert!(observe(&host(), &clean, &Declarations::new()).unwrap().entries.is_empty());
        }
    }

    #[test]
    fn a_layer_of_the_next_start_comes_after_the_restart() {
        let (booted, next) = (deployment("a.0", &["htop"], &[]), deployment("b.0", &["htop", "strace"], &[]));
        let system = system(HostKind::Ostree, booted, Some(next));
        let seen = observe(&host(), &system, &Declarations::new()).unwrap().entries;
        assert!(!seen["htop"].after_restart);
        assert!(seen["strace"].after_restart && seen["strace"].own);
    }

    /// Such a system with its manifest's one package.
    fn wanting(name: &str, value: Value) -> Declarations {
        let wanted = Declaration { value: Some(value), manifest: Manifest::SystemPackages, line: 1 };
        Declarations::from([(name.to_owned(), wanted)])
    }

    fn changed() -> Deployment {
        Deployment {
            removed: vec!["firefox".to_owned()],
            replaced: vec!["bash".to_owned(), "podman-5:5.6-1.fc44.x86_64".to_owned()],
            ..deployment("a.0", &[], &[])
        }
    }

    #[test]
    fn what_was_taken_out_of_the_image_comes_back_where_the_setup_has_it() {
        let declared = wanting("firefox", Value::Present);
        let look = |kind, next| observe(&host(), &system(kind, changed(), next), &declared).unwrap().entries;
        let out = Some(Value::Override(PackageOverride::Removed));
        assert_eq!(look(HostKind::Layered, None)["firefox"].value, out);
        assert_eq!(look(HostKind::Layered, None)["firefox"].fixed, None);
        // Without rpm-ostree nothing here could.
        let hint = look(HostKind::ImageOnly, None)["firefox"].fixed.clone().unwrap();
        assert!(hint.contains("rpm-ostree override reset firefox"));
        let back = &look(HostKind::Layered, Some(deployment("b.0", &[], &[])))["firefox"];
        assert_eq!((&back.value, back.after_restart), (&Some(Value::Present), true));
        // A package in another version than the image's is there.
        let bash = observe(&host(), &system(HostKind::Layered, changed(), None), &wanting("bash", Value::Present));
        assert_eq!(bash.unwrap().entries["bash"].value, Some(Value::Present));
    }

    #[test]
    fn an_override_that_lasts_is_a_change_that_can_be_taken_back() {
        let layered = |next| system(HostKind::Layered, changed(), next);
        let seen = observe(&host(), &layered(None), &Declarations::new()).unwrap().entries;
        let state = |name: &str| seen[name].value.as_ref().unwrap().to_string();
        assert_eq!(seen.keys().collect::<Vec<_>>(), ["bash", "firefox", "podman"]);
        assert_eq!((&*state("firefox"), &*state("podman")), ("taken out of the image", "replaced in the image"));
        assert!(seen.values().all(|seen| seen.own && seen.fixed.is_none() && !seen.after_restart));
        assert!(Packages.places("firefox", seen["firefox"].value.as_ref()).is_none());
        assert_eq!(Packages.value(&serde_json::json!(seen["firefox"].value)), seen["firefox"].value);
        // The next start has none of them.
        let back = layered(Some(deployment("b.0", &[], &[])));
        assert!(observe(&host(), &back, &Declarations::new()).unwrap().entries.is_empty());
        let name = |name: &str| name.parse().unwrap();
        assert_eq!(super::super::override_of(&layered(None), &name("podman")), Some(PackageOverride::Replaced));
        assert_eq!(super::super::override_of(&back, &name("podman")), None);
    }

    /// The change of a package from its sides, and what applying it does.
    fn applied(setup: Option<Value>, computer: Option<Value>) -> (Effect, Actions) {
        let mut change = Change {
            id: "pkg:firefox".parse().unwrap(),
            name: None,
            setup,
            computer,
            base: Base::Unknown,
            shape: Shape::Different,
            origin: Origin::New,
            effect: Effect::Now,
            privilege: Privilege::Admin,
            declared_at: None,
            fixed: None,
        };
        change.effect = Packages.effect_of(&change, HostKind::Layered);
        (change.effect, Packages.actions(&change, HostKind::Layered))
    }

    #[test]
    fn what_was_done_to_the_image_is_taken_back_and_what_was_taken_out_can_be_again() {
        let name: PackageName = "firefox".parse().unwrap();
        let [out, other] =
            [PackageOverride::Removed, PackageOverride::Replaced].map(|state| Some(Value::Override(state)));
        let reset = vec![Action::ResetBasePackage { name: name.clone() }];
        for (setup, computer) in [(None, &out), (None, &other), (Some(Value::Present), &out)] {
            let (effect, actions) = applied(setup, computer.clone());
            assert_eq!((effect, actions.unwrap().unwrap()), (Effect::Restart, reset.clone()));
        }
        let (effect, actions) = applied(out.clone(), Some(Value::Present));
        assert_eq!(
            (effect, actions.unwrap().unwrap()),
            (Effect::Restart, vec![Action::RemoveBasePackage { name: name.clone() }])
        );
        assert_eq!(applied(other.clone(), Some(Value::Present)).1.unwrap_err(), Deferral::Fixed);
        // A version that was put in its place may be nowhere to be had.
        for (from, reversible) in [(&out, true), (&other, false)] {
            let step = Step::apply("pkg:firefox".parse().unwrap(), reset[0].clone(), Effect::Restart, Origin::New);
            let mut step = step.from(from.as_ref());
            assert_eq!((step.reversible, step.check()), (reversible, Ok(())));
            step.reversible = true;
            assert_eq!(step.check().is_ok(), reversible);
        }
    }

    #[test]
    fn a_layer_asked_for_by_another_name_does_not_wait_for_a_restart() {
        let mut system = system(HostKind::Ostree, deployment("a.0", &["vim"], &[]), None);
        system.layered = vec!["vim".to_owned()];
        let seen = observe(&host(), &system, &Declarations::new()).unwrap().entries;
        assert!(seen["vim"].own && !seen["vim"].after_restart);
    }

    #[test]
    fn a_package_file_has_the_name_of_its_package() {
        assert_eq!(name_of("1password-8.11.2-1.x86_64"), "1password");
        assert_eq!(name_of("google-chrome-stable-2:140.0-1.x86_64"), "google-chrome-stable");
        assert_eq!(name_of("odd"), "odd");
    }
}
