// SPDX-License-Identifier: GPL-3.0-or-later
//! What every command works with: the flags, the environment, the computer, the setup.
//!
//! Invariant: with `--root` no part of the running system is read or changed.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;

use bkt_core::host::dry_run::DryRunHost;
use bkt_core::host::live::LiveHost;
use bkt_core::host::{Host, SettingQuery, SettingReading, Settings};
use bkt_core::i18n::{fill, gettext};
use bkt_core::plan::Plan;
use bkt_core::run::Administrator;
use bkt_core::session::Session;
use bkt_gio::GioSettings;

use crate::args::Globals;
use crate::environment::Environment;
use crate::error::{Failure, exit};
use crate::interrupt::{Direct, Interrupt, Interruptible};
use crate::privileged::HelperClient;
use crate::ui::Ui;

/// The flags, the environment and the terminal.
#[derive(Debug)]
pub(crate) struct Context {
    /// The flags every command has.
    pub(crate) globals: Globals,
    /// The environment.
    pub(crate) environment: Environment,
    /// The terminal.
    pub(crate) ui: Ui,
}

impl Context {
    /// Puts flags and environment together.
    pub(crate) fn new(globals: Globals, environment: Environment) -> Self {
        let ui = Ui::new(&globals, environment.no_input);
        Self { globals, environment, ui }
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
        // A dry run could not change anything even by mistake.
        Ok(if self.globals.dry_run { Arc::new(DryRunHost::new(Arc::new(host))) } else { Arc::new(host) })
    }

    /// The directory of the setup.
    pub(crate) fn setup(&self) -> Result<PathBuf, Failure> {
        let here = std::env::current_dir().ok();
        self.environment.setup(self.globals.repo.as_deref(), here.as_deref(), || chosen_setup(&GioSettings::new()))
    }

    /// The person's work with their setup.
    pub(crate) fn session(&self) -> Result<Session, Failure> {
        Ok(Session { host: self.host()?, setup: self.setup()?, state: self.environment.state()? })
    }

    /// The same where no setting's description is shown: reading those is most of the work.
    pub(crate) fn brief_session(&self) -> Result<Session, Failure> {
        Ok(Session { host: self.brief_host()?, setup: self.setup()?, state: self.environment.state()? })
    }

    /// Who does the administrator's part of a plan: the helper, or on a directory this program itself.
    pub(crate) fn administrator<'a>(
        &'a self,
        host: &'a dyn Host,
        plan: &Plan,
        interrupt: &'a Interrupt,
    ) -> Result<Box<dyn Administrator + 'a>, Failure> {
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

/// Whether this program runs as root.
pub(crate) fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// The setup opened in the window, which keeps it in its settings.
fn chosen_setup(settings: &dyn Settings) -> Option<PathBuf> {
    let key = "org.bkt.Bucket/repository".parse().ok()?;
    match settings.read(&[SettingQuery { key, declared: None }]).ok()?.pop()? {
        SettingReading::Read { current, .. } => {
            Some(PathBuf::from(current.trim_matches('\''))).filter(|path| path.is_absolute())
        }
        SettingReading::Missing(_) => None,
    }
}
