// SPDX-License-Identifier: GPL-3.0-or-later
//! What every command works with: the flags, the environment, the computer, the setup.
//!
//! Invariant: with `--root` no part of the running system is read or changed.

use std::ffi::OsString;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bkt_core::host::dry_run::DryRunHost;
use bkt_core::host::live::LiveHost;
use bkt_core::host::{Host, SettingQuery, SettingReading, Settings};
use bkt_core::i18n::{fill, gettext};
use bkt_core::plan::Plan;
use bkt_core::run::Administrator;
use bkt_core::session::Session;
use bkt_gio::GioSettings;

use crate::args::{Globals, SideArgs};
use crate::environment::Environment;
use crate::error::{Failure, exit};
use crate::interrupt::{Direct, Interrupt, Interruptible};
use crate::privileged::HelperClient;
use crate::ui::Ui;

/// Where the setup opened in the window is kept.
const CHOSEN: &str = "org.bkt.Bucket/repository";

/// The flags, the environment and the terminal.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    /// The flags every command has.
    pub(crate) globals: Globals,
    /// The environment.
    pub(crate) environment: Environment,
    /// The terminal.
    pub(crate) ui: Ui,
    /// The command as it was typed, or could have been.
    pub(crate) command: String,
}

impl Context {
    /// Puts flags and environment together.
    pub(crate) fn new(globals: Globals, environment: Environment, words: &[OsString]) -> Self {
        let ui = Ui::new(&globals, environment.no_input);
        let words = words.iter().map(|word| typed(&word.to_string_lossy()));
        Self {
            globals,
            environment,
            ui,
            command: std::iter::once("bkt".to_owned()).chain(words).collect::<Vec<_>>().join(" "),
        }
    }

    /// The directory given with `--root`, in one spelling.
    pub(crate) fn root(&self) -> Result<Option<PathBuf>, Failure> {
        let Some(root) = &self.globals.root else { return Ok(None) };
        match root.canonicalize() {
            Ok(path) if path.is_dir() => Ok(Some(path).filter(|path| path.as_os_str() != "/")),
            _ => {
                let path = root.display().to_string();
                let message = fill(&gettext("{path} is not a directory"), &[("path", &path)]);
                Err(Failure::new(exit::USAGE, "root_not_found", message))
            }
        }
    }

    /// The computer, as this person sees it.
    pub(crate) fn host(&self) -> Result<Arc<dyn Host>, Failure> {
        self.host_with(GioSettings::new())
    }

    /// The same where no setting's description is shown: reading those is most of the work.
    pub(crate) fn brief_host(&self) -> Result<Arc<dyn Host>, Failure> {
        self.host_with(GioSettings::new().without_summaries())
    }

    fn host_with(&self, settings: GioSettings) -> Result<Arc<dyn Host>, Failure> {
        let root = self.root()?;
        let settings = match &root {
            Some(root) => settings.with_schemas(root.join("usr/share/glib-2.0/schemas")),
            None => settings,
        };
        let host = LiveHost::of_user(root, Arc::new(settings)).with_home(self.environment.home.clone());
        // What must not change this computer could not even by mistake.
        Ok(if self.globals.dry_run || self.globals.pr_only {
            Arc::new(DryRunHost::new(Arc::new(host)))
        } else {
            Arc::new(host)
        })
    }

    /// The directory of the setup.
    pub(crate) fn setup(&self) -> Result<PathBuf, Failure> {
        let here = std::env::current_dir().ok();
        self.environment.setup(self.globals.repo.as_deref(), here.as_deref(), || chosen_setup(&GioSettings::new()))
    }

    /// Makes a setup the one that is found from anywhere, and tells whether it is now. With `--root` another computer
    /// is meant, and nothing of this one is changed.
    pub(crate) fn choose(&self, setup: &Path) -> bool {
        if matches!(self.root(), Ok(None)) {
            // What cannot be kept is told by looking.
            let _ = keep_chosen(&GioSettings::new(), setup);
        }
        let found = self.environment.setup(None, None, || chosen_setup(&GioSettings::new()));
        found.is_ok_and(|found| found == setup)
    }

    /// Whether a setup was named, so that it is no question of whether there is one.
    pub(crate) fn names_setup(&self) -> bool {
        self.globals.repo.is_some() || self.environment.names_setup()
    }

    /// The person's work with their setup.
    pub(crate) fn session(&self) -> Result<Session, Failure> {
        Ok(Session { host: self.host()?, setup: self.setup()?, state: self.environment.state()? })
    }

    /// The same for what can be done without a setup, too.
    pub(crate) fn session_without_setup(&self) -> Result<Session, Failure> {
        let setup = self.setup().unwrap_or_default();
        Ok(Session { host: self.brief_host()?, setup, state: self.environment.state()? })
    }

    /// The same where no setting's description is shown: reading those is most of the work.
    pub(crate) fn brief_session(&self) -> Result<Session, Failure> {
        Ok(Session { host: self.brief_host()?, setup: self.setup()?, state: self.environment.state()? })
    }

    /// Whether this computer is to stay as it is.
    pub(crate) const fn setup_only(&self, sides: &SideArgs) -> bool {
        sides.setup_only || self.globals.pr_only
    }

    /// Who does the administrator's part of a plan: the helper, or on a directory this program itself.
    pub(crate) fn administrator<'a>(
        &'a self,
        host: &'a dyn Host,
        plan: &Plan,
        interrupt: &'a Interrupt,
    ) -> Result<Box<dyn Administrator + 'a>, Failure> {
        if self.globals.pr_only && plan.admin_steps().next().is_some() {
            let message = gettext("this command changes this computer, which --pr-only leaves alone");
            return Err(Failure::new(exit::USAGE, "not_setup_only", message).hinted(gettext("Use --pr to change both")));
        }
        let Some(root) = host.root() else {
            return Ok(Box::new(Interruptible { inner: HelperClient::new(&self.ui), interrupt }));
        };
        if plan.admin_steps().next().is_some() && !is_root() {
            let path = root.display().to_string();
            let message = fill(&gettext("changing the system below {path} needs root"), &[("path", &path)]);
            return Err(Failure::new(exit::NOT_AUTHORIZED, "not_authorized", message)
                .hinted(gettext("Run the same command as root")));
        }
        Ok(Box::new(Interruptible { inner: Direct { host, interrupt }, interrupt }))
    }
}

/// A word as a shell reads it back.
pub(crate) fn typed(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./:@=+,%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Whether this program runs as root.
pub(crate) fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// What a string says that is written as GVariant text.
fn unquoted(text: &str) -> Option<String> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let mut chars = text.strip_prefix(quote)?.strip_suffix(quote)?.chars();
    let mut plain = String::new();
    while let Some(c) = chars.next() {
        plain.push(if c == '\\' { chars.next()? } else { c });
    }
    Some(plain)
}

fn keep_chosen(settings: &dyn Settings, setup: &Path) -> Option<()> {
    let key = CHOSEN.parse().ok()?;
    // As GVariant text, whose strings know these escapes.
    let text = setup.to_str()?.replace('\\', r"\\").replace('\'', r"\'");
    settings.set(&key, Some(&format!("'{text}'"))).ok()
}

/// The setup opened in the window, which keeps it in its settings.
fn chosen_setup(settings: &dyn Settings) -> Option<PathBuf> {
    let key = CHOSEN.parse().ok()?;
    match settings.read(&[SettingQuery { key, declared: None }]).ok()?.pop()? {
        SettingReading::Read { current, .. } => {
            Some(PathBuf::from(unquoted(&current)?)).filter(|path| path.is_absolute())
        }
        SettingReading::Missing(_) => None,
    }
}
