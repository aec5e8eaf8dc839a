// SPDX-License-Identifier: GPL-3.0-or-later
//! Which version of the system the next start uses: the newest one, another image's, the one before, or the running
//! one without what was layered on it.
//!
//! bootc does it, because SELinux lets it write another policy's labels only when PID 1 itself started it; where
//! packages are layered or an ostree remote is followed, rpm-ostree does. ostree prepares a version as a
//! whole or not at all, so being cut short changes nothing.
//!
//! Invariant: nothing here restarts the computer, and nothing runs that would drop kernel arguments which wait for the
//! next start alone.

use crate::host::{Host, Invocation};
use crate::i18n::{fill, gettext};
use crate::name::SystemImage;
use crate::plan::Action;
use crate::problem::Problem;

use super::{HostKind, System, ask, bootc};

/// Why this computer cannot do such a step now, whoever asks.
///
/// # Errors
/// It has no versions, has none before this one, or would lose what waits for the restart.
pub fn possible(system: &System, action: &Action) -> Result<(), Problem> {
    if !system.kind.is_image_based() {
        let message = gettext("this computer is made of packages and follows no image");
        return Err(Problem::new("not_possible", message).hinted(gettext("Update its packages: sudo dnf upgrade")));
    }
    if system.waits_for_arguments() {
        let message = gettext("kernel arguments wait for the next start, and this would drop them");
        return Err(Problem::new("arguments_waiting", message).hinted(gettext("Restart first, then do it again")));
    }
    match action {
        Action::RollBackSystem {} if system.rollback.is_none() => {
            let message = gettext("there is no version before this one on this computer");
            Err(Problem::new("not_possible", message).hinted(gettext("See which there are: bkt system")))
        }
        Action::ResetSystem {} if matches!(system.kind, HostKind::ImageOnly | HostKind::Composefs) => {
            Err(Problem::new("not_possible", gettext("nothing can be layered on the image of this computer")))
        }
        Action::SwitchSystem { image, signed: false } if system.is_signed() => {
            let sentence = gettext("this computer takes only signed images, and {image} is to be taken unchecked");
            Err(Problem::new("signature_required", fill(&sentence, &[("image", image.as_str())])))
        }
        _ => Ok(()),
    }
}

/// Whether the next start already is what such a step would make it; asking bootc again would take it back.
#[must_use]
pub fn is_so_already(system: &System, action: &Action) -> bool {
    match action {
        Action::RollBackSystem {} => {
            system.next.is_some() && system.next == system.rollback.as_ref().map(|it| it.id.clone())
        }
        Action::SwitchSystem { image, signed } => follows(system, image) && *signed == system.is_signed(),
        Action::ResetSystem {} => is_as_built(system),
        _ => false,
    }
}

/// Whether the next start uses what was built, as it was built.
fn is_as_built(system: &System) -> bool {
    system.next_start().or(system.booted.as_ref()).is_some_and(|next| !next.incompatible)
}

/// Whether the next start uses this image.
fn follows(system: &System, image: &SystemImage) -> bool {
    let next = system.next_start().or(system.booted.as_ref());
    next.is_some_and(|next| !next.download_only && next.image.as_deref().is_some_and(|told| image.is(told)))
}

/// What does such a step: the words of a command.
#[must_use]
pub fn command(system: &System, action: &Action) -> Vec<String> {
    let by_bootc = is_bootcs(system.kind);
    let words: &[&str] = match (action, by_bootc) {
        (Action::SwitchSystem { image, signed }, true) => {
            let mut words = vec!["bootc", "switch"];
            words.extend(signed.then_some("--enforce-container-sigpolicy"));
            words.extend(image.is_stored().then_some(["--transport", "containers-storage"]).into_iter().flatten());
            words.push(image.name());
            return words.into_iter().map(str::to_owned).collect();
        }
        (Action::SwitchSystem { image, signed }, false) => {
            let reference = match (signed, image.is_stored()) {
                (true, true) => format!("ostree-image-signed:{image}"),
                (true, false) => format!("ostree-image-signed:docker://{image}"),
                (false, true) => format!("ostree-unverified-image:{image}"),
                (false, false) => format!("ostree-unverified-registry:{image}"),
            };
            return vec!["rpm-ostree".to_owned(), "rebase".to_owned(), reference];
        }
        (Action::ResetSystem {}, _) => &["rpm-ostree", "reset"],
        (Action::RollBackSystem {}, true) => &["bootc", "rollback"],
        (Action::RollBackSystem {}, false) => &["rpm-ostree", "rollback"],
        (_, true) => &["bootc", "upgrade"],
        (_, false) => &["rpm-ostree", "upgrade"],
    };
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Whether such a command can tell how far it has come.
#[must_use]
pub fn tells(words: &[&str]) -> bool {
    matches!(words, ["bootc", "upgrade" | "switch", ..])
}

/// Whether bootc changes systems of this kind.
#[must_use]
pub const fn is_bootcs(kind: HostKind) -> bool {
    matches!(kind, HostKind::Image | HostKind::ImageOnly | HostKind::Composefs)
}

/// Whether such a step brought about what it should, from the versions before it and now.
///
/// # Errors
/// bootc cannot be asked.
pub fn is_so(host: &dyn Host, before: &System, now: &System, action: &Action) -> Result<bool, Problem> {
    match action {
        Action::RollBackSystem {} => {
            Ok(now.next.is_some() && now.next == before.rollback.as_ref().map(|rollback| rollback.id.clone()))
        }
        Action::SwitchSystem { image, .. } => Ok(follows(now, image)),
        Action::ResetSystem {} => Ok(is_as_built(now)),
        _ => match &now.staged {
            Some(staged) => Ok(!staged.download_only),
            // bootc has been seen to say that all is well with nothing prepared.
            None if is_bootcs(now.kind) => Ok(!bootc::has_update(&ask(host)?).unwrap_or(false)),
            None => Ok(true),
        },
    }
}

/// A newer version of the system.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Update {
    /// What it is called.
    pub version: Option<String>,
    /// Its digest.
    pub digest: Option<String>,
}

/// Asks for a newer version without preparing it.
///
/// # Errors
/// Only root may ask here, or the registry cannot be reached.
pub fn check(host: &dyn Host, system: &System) -> Result<Option<Update>, Problem> {
    let ask = |program: &str| host.run(&Invocation::new(program, ["upgrade", "--check"]));
    if is_bootcs(system.kind) {
        match ask("bootc") {
            Ok(output) if output.status == 0 => return Ok(parse(&output.stdout)),
            // rpm-ostree's daemon answers whom polkit lets ask.
            Ok(output) if output.stderr.contains("root") && system.kind == HostKind::Image => {}
            Ok(output) if output.stderr.contains("root") => {
                let message = gettext("only root may ask bootc for a newer version");
                return Err(Problem::new("not_authorized", message)
                    .hinted(gettext("Ask as root: sudo bkt admin bootc upgrade --check")));
            }
            Ok(output) => return Err(output.success("bootc").err().map_or_else(unlikely, Problem::from)),
            Err(error) => return Err(error.into()),
        }
    }
    let output = ask("rpm-ostree")?;
    // 77: nothing to do.
    if output.status == 77 { Ok(None) } else { Ok(parse(&output.success("rpm-ostree")?)) }
}

fn unlikely() -> Problem {
    Problem::new("internal", "a tool failed without failing")
}

/// What both tools say: a line that there is one, then indented facts.
fn parse(text: &str) -> Option<Update> {
    let is_one = |line: &&str| line.starts_with("Update available for:") || line.starts_with("AvailableUpdate:");
    let facts = text.lines().skip_while(|line| !is_one(line));
    let fact = |name: &str| {
        facts.clone().find_map(|line| line.trim().strip_prefix(name)?.split_whitespace().next().map(str::to_owned))
    };
    text.lines().any(|line| is_one(&line)).then(|| Update { version: fact("Version:"), digest: fact("Digest:") })
}

#[cfg(test)]
mod tests;
