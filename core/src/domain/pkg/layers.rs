// SPDX-License-Identifier: GPL-3.0-or-later
//! What was layered on an image, now and from the next start on.
//!
//! Invariant: only what someone layered is here; nothing of the image itself is.

use std::collections::{BTreeMap, BTreeSet};

use crate::deployment::{Deployment, System};
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

/// What the installed packages alone do not tell: layers that come with the next start, and packages taken out of
/// the image.
pub(super) fn beyond_installed(
    system: &System,
    declared: &Declarations,
    installed: &Installed,
) -> Vec<(String, Observed)> {
    let now = system.booted.as_ref().map(layered).unwrap_or_default();
    let there = |after_restart| Observed { own: true, after_restart, ..Observed::of(Value::Present) };
    let mut seen = Vec::new();
    let then = system.next_start().map(layered).unwrap_or_default().into_iter().chain(system.layered.iter().cloned());
    for name in then.filter(|name| !installed.contains_key(name)) {
        // A layer may be asked for by another name than the package's own; then it is here although rpm knows no such name.
        let after_restart = !now.contains(&name);
        seen.push((name, there(after_restart)));
    }
    let removed = system.booted.iter().flat_map(|booted| &booted.removed);
    for name in removed.filter(|name| declared.contains_key(*name) && !installed.contains_key(*name)) {
        let hint = fill(
            &gettext("it was taken out of the image here; ‘rpm-ostree override reset {name}’ brings it back"),
            &[("name", name)],
        );
        seen.push((name.clone(), Observed { fixed: Some(hint), ..Observed::default() }));
    }
    seen
}

/// What was done to packages of the image and lasts, where the setup says nothing of them.
pub(super) fn overridden(
    system: &System,
    declared: &Declarations,
    installed: &Installed,
) -> BTreeMap<String, Observed> {
    let overrides = |deployment: Option<&Deployment>| {
        let mut found = BTreeMap::new();
        if let Some(deployment) = deployment {
            found.extend(deployment.removed.iter().map(|name| (name.clone(), PackageOverride::Removed)));
            // One that came as a file is named with its version and architecture.
            found.extend(
                deployment.replaced.iter().map(|text| (package(text, installed).to_owned(), PackageOverride::Replaced)),
            );
        }
        found
    };
    let now = overrides(system.booted.as_ref());
    // What the next start takes back is as good as gone.
    let then = system.next_start().map_or_else(|| now.clone(), |next| overrides(Some(next)));
    let mut seen = BTreeMap::new();
    for (name, state) in then.into_iter().filter(|(name, _)| !declared.contains_key(name)) {
        let hint = fill(
            &gettext("‘rpm-ostree override reset {name}’ takes that back; what is to last belongs in the recipe"),
            &[("name", &name)],
        );
        let after_restart = now.get(&name) != Some(&state);
        let value = Value::Override(state);
        seen.insert(name, Observed { own: true, after_restart, fixed: Some(hint), ..Observed::of(value) });
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployment::HostKind;
    use crate::domain::Kind as _;
    use crate::domain::pkg::{Packages, observe};
    use crate::host::recording::RecordingHost;
    use crate::manifest::{Declaration, Manifest};

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

    #[test]
    fn what_was_taken_out_of_the_image_says_how_it_comes_back() {
        let booted = Deployment { removed: vec!["firefox".to_owned()], ..deployment("a.0", &[], &[]) };
        let wanted = Declaration { value: Some(Value::Present), manifest: Manifest::SystemPackages, line: 1 };
        let declared = Declarations::from([("firefox".to_owned(), wanted)]);
        let seen = observe(&host(), &system(HostKind::Layered, booted, None), &declared).unwrap().entries;
        assert!(seen["firefox"].value.is_none() && !seen["firefox"].own);
        assert!(seen["firefox"].fixed.as_ref().unwrap().contains("rpm-ostree override reset firefox"));
    }

    #[test]
    fn an_override_that_lasts_is_a_change_the_setup_cannot_hold() {
        let changed = Deployment {
            removed: vec!["firefox".to_owned()],
            replaced: vec!["bash".to_owned(), "podman-5:5.6-1.fc44.x86_64".to_owned()],
            ..deployment("a.0", &[], &[])
        };
        let layered = |next| system(HostKind::Layered, changed.clone(), next);
        let seen = observe(&host(), &layered(None), &Declarations::new()).unwrap().entries;
        let state = |name: &str| seen[name].value.as_ref().unwrap().to_string();
        assert_eq!(seen.keys().collect::<Vec<_>>(), ["bash", "firefox", "podman"]);
        assert_eq!((&*state("firefox"), &*state("podman")), ("taken out of the image", "replaced in the image"));
        assert!(seen.values().all(|seen| seen.own && seen.fixed.is_some() && !seen.after_restart));
        assert!(Packages.places("firefox", seen["firefox"].value.as_ref()).is_none());
        assert_eq!(Packages.value(&serde_json::json!(seen["firefox"].value)), seen["firefox"].value);
        // The next start has none of them.
        let back = layered(Some(deployment("b.0", &[], &[])));
        assert!(observe(&host(), &back, &Declarations::new()).unwrap().entries.is_empty());
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
