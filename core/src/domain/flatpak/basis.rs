// SPDX-License-Identifier: GPL-3.0-or-later
//! What flatpak's lists depend on, so that its answers can be remembered while nothing of it changed.
//!
//! flatpak touches `.changed` in an installation after every change there, for programs that watch it
//! (FlatpakInstallation's monitor does), and keeps remotes, pins and masks in `repo/config`.
//!
//! Invariant: an answer is only remembered where the person's own installation is where it is by default; one that
//! was moved by the environment could change unseen.

use std::sync::{Mutex, PoisonError};

use crate::host::{Basis, Host, HostError, Invocation, Output};
use crate::value::Scope;

use super::installed::directory;

/// Where other installations, and remotes that come with the system, are set up.
const SET_UP: [&str; 3] = ["/etc/flatpak/installations.d", "/etc/flatpak/remotes.d", "/usr/share/flatpak/remotes.d"];

/// What a new installation gets last: flatpak makes the person's own when it is first asked anything.
const LAST: &str = "repo/refs/remotes";

/// Held while flatpak may make an installation: a second one that is asked meanwhile fails over what is half made.
static MAKING: Mutex<()> = Mutex::new(());

/// Asks flatpak, unless the answer is still the last one.
///
/// # Errors
/// flatpak cannot be asked.
pub(crate) fn ask(host: &dyn Host, question: &Invocation) -> Result<Output, HostError> {
    let directories = [Scope::System, Scope::User].map(|scope| directory(host, scope));
    let is_default = directories[1].as_ref().map(|own| host.look(&own.join(LAST))).transpose()?;
    if is_default.flatten().is_none() {
        let _alone = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
        return host.run(question);
    }
    let mut files: Vec<_> = SET_UP.iter().map(|path| host.at(path)).collect();
    for directory in directories.into_iter().flatten() {
        files.extend([".changed", "repo/config"].map(|name| directory.join(name)));
    }
    host.recall(question, &Basis { files, ..Basis::default() })
}
