// SPDX-License-Identifier: GPL-3.0-or-later
//! A BlueBuild recipe as manifests.
//!
//! Its modules only ever add, but for the lists that remove; what a manifest cannot say (removing packages of the
//! base image, scripts, files, other repositories) is left and named by module.
//!
//! Invariant: nothing of the recipe is run or fetched; files are read only inside its repository.

use serde_json::Value as Json;

use super::StartError;
use super::shell;
use super::takeover::{FLATHUB, Takeover, no_such};
use crate::i18n::{fill, gettext};
use crate::name::SystemImage;
use crate::value::{Scope, UnitState};

/// How deep recipes may include others.
const DEEPEST: usize = 8;

/// What a recipe says it builds on.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) base: Option<SystemImage>,
}

/// Reads a recipe. `file` gives what a file of its repository says.
///
/// # Errors
/// It is not YAML of a recipe's shape.
pub(super) fn read(
    takeover: &mut Takeover,
    path: &str,
    text: &str,
    file: &dyn Fn(&str) -> Option<String>,
) -> Result<Told, StartError> {
    let recipe = parse(path, text)?;
    let base = recipe.get("base-image").and_then(Json::as_str).unwrap_or_default();
    let version = recipe.get("image-version").and_then(word);
    let named = match version {
        Some(version) if !base.contains('@') => format!("{base}:{version}"),
        _ => base.to_owned(),
    };
    let base = named.parse().ok();
    if base.is_none() && !named.is_empty() {
        takeover.leave(path, named, gettext("it is not the name of an image in a registry"));
    }
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut reader = Reader { takeover, path, folder, file, count: 0 };
    reader.stages(&recipe);
    reader.modules(&recipe, 0);
    Ok(Told { base })
}

fn parse(path: &str, text: &str) -> Result<Json, StartError> {
    let broken = |reason: String| StartError::Foreign { path: path.to_owned(), reason };
    let recipe: Json = serde_saphyr::from_str(text)
        .map_err(|error| broken(error.to_string().lines().next().unwrap_or_default().to_owned()))?;
    if recipe.is_object() { Ok(recipe) } else { Err(broken(gettext("it is no recipe"))) }
}

/// A word that YAML may have read as a number.
fn word(json: &Json) -> Option<String> {
    match json {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The words of a list, or of one word; what is not a word is for the caller.
fn words(json: Option<&Json>) -> Vec<String> {
    match json {
        Some(Json::Array(list)) => list.iter().filter_map(word).collect(),
        Some(one) => word(one).into_iter().collect(),
        None => Vec::new(),
    }
}

struct Reader<'r> {
    takeover: &'r mut Takeover,
    path: &'r str,
    folder: &'r str,
    file: &'r dyn Fn(&str) -> Option<String>,
    count: usize,
}

impl Reader<'_> {
    fn stages(&mut self, recipe: &Json) {
        for stage in recipe.get("stages").and_then(Json::as_array).into_iter().flatten() {
            let name = stage.get("name").and_then(Json::as_str).unwrap_or("stage");
            self.takeover.leave(self.path, format!("stage {name}"), no_such("stages"));
        }
    }

    fn modules(&mut self, from: &Json, depth: usize) {
        for module in from.get("modules").and_then(Json::as_array).into_iter().flatten() {
            if let Some(name) = module.get("from-file").and_then(Json::as_str) {
                self.included(name, depth);
                continue;
            }
            self.count += 1;
            let kind = module.get("type").and_then(Json::as_str).unwrap_or_default();
            let kind = kind.split('@').next().unwrap_or_default();
            let at = format!("{} module {} ({kind})", self.path, self.count);
            if let Some(source) = module.get("source").and_then(Json::as_str) {
                self.takeover.leave(&at, source, gettext("it is a module of someone’s own"));
                continue;
            }
            self.module(&at, kind, module);
        }
    }

    fn included(&mut self, name: &str, depth: usize) {
        let place = if self.folder.is_empty() { name.to_owned() } else { format!("{}/{name}", self.folder) };
        let text = (self.file)(&place).filter(|_| depth < DEEPEST);
        match text.as_deref().map(|text| parse(&place, text)) {
            Some(Ok(included)) if included.get("modules").is_some() => self.modules(&included, depth + 1),
            Some(Ok(module)) => {
                self.modules(&serde_json::json!({"modules": [module]}), depth + 1);
            }
            _ => self.takeover.leave(self.path, name, gettext("the included file cannot be read")),
        }
    }

    fn module(&mut self, at: &str, kind: &str, module: &Json) {
        match kind {
            "dnf" | "dnf4" => self.dnf(at, module),
            "rpm-ostree" => self.rpm_ostree(at, module),
            "systemd" => self.systemd(at, module),
            "kargs" => self.kargs(at, module),
            "default-flatpaks" => self.flatpaks(at, module),
            "gnome-extensions" => self.extensions(at, module),
            "gschema-overrides" => self.overrides(at, module),
            "brew" => {
                let why = gettext("it puts Homebrew itself into the image; what Homebrew installs is in homebrew.json");
                self.takeover.leave(at, kind, why);
            }
            "script" => self.script(at, module),
            _ => self.takeover.leave(at, kind, no_such(kind)),
        }
    }

    fn dnf(&mut self, at: &str, module: &Json) {
        let repos = module.get("repos").unwrap_or(&Json::Null);
        let copr = repos.get("copr").unwrap_or(&Json::Null);
        for project in copr.as_array().or_else(|| copr.get("enable")?.as_array()).into_iter().flatten() {
            match (word(project), project.get("name").and_then(Json::as_str)) {
                (Some(name), _) => self.takeover.copr(at, &name),
                (None, Some(name)) => {
                    self.takeover.copr(at, name);
                    let chroot = project.get("chroot").and_then(word).unwrap_or_default();
                    self.takeover.leave(at, format!("chroot {chroot} of {name}"), no_such("chroot"));
                }
                (None, None) => self.takeover.leave(at, project.to_string(), no_such("copr")),
            }
        }
        self.keep(at, "repos.copr.disable", copr.get("disable"));
        let files = repos.get("files");
        let added = files.filter(|files| files.is_array()).or_else(|| files?.get("add"));
        words(added).iter().for_each(|file| self.repository(at, file));
        self.keep(at, "repos.files.remove", files.and_then(|files| files.get("remove")));
        self.keep(at, "repos.keys", repos.get("keys"));
        self.keep(at, "repos.nonfree", repos.get("nonfree"));
        let install = module.get("install").unwrap_or(&Json::Null);
        for package in install.get("packages").and_then(Json::as_array).into_iter().flatten() {
            match word(package) {
                Some(name) => self.takeover.package(at, &name),
                None => {
                    let repository = package.get("repo").and_then(Json::as_str).unwrap_or_default();
                    for name in words(package.get("packages")) {
                        if repository.starts_with("copr:") {
                            self.takeover.package(at, &name);
                            continue;
                        }
                        let why = gettext("it comes from {repository}, which no manifest declares");
                        self.takeover.leave(at, name, fill(&why, &[("repository", repository)]));
                    }
                    self.options(at, package);
                }
            }
        }
        words(install.get("exclude")).iter().for_each(|name| self.takeover.exclude(at, name));
        self.options(at, install);
        let groups = module.get("group-install").unwrap_or(&Json::Null);
        words(groups.get("packages")).iter().for_each(|name| self.takeover.group(at, name));
        self.options(at, groups);
        let removed = |name: &str| module.get(name).and_then(|removed| removed.get("packages"));
        self.remove(at, removed("remove"));
        self.keep(at, "group-remove", removed("group-remove"));
        self.keep(at, "replace", module.get("replace"));
        self.keep(at, "optfix", module.get("optfix"));
    }

    fn rpm_ostree(&mut self, at: &str, module: &Json) {
        words(module.get("repos")).iter().for_each(|file| self.repository(at, file));
        words(module.get("install")).iter().for_each(|name| self.takeover.package(at, name));
        self.remove(at, module.get("remove"));
        for name in ["keys", "replace", "optfix"] {
            self.keep(at, name, module.get(name));
        }
    }

    /// A repository file: a COPR project where it is one of those.
    fn repository(&mut self, at: &str, file: &str) {
        let project = file.strip_prefix("https://copr.fedorainfracloud.org/coprs/").and_then(|rest| {
            let mut parts = rest.split('/');
            match (parts.next()?, parts.next()?, parts.next()) {
                ("g", group, Some(project)) => Some(format!("@{group}/{project}")),
                (owner, project, _) => Some(format!("{owner}/{project}")),
            }
        });
        match project {
            Some(project) => self.takeover.copr(at, &project),
            None => self.takeover.leave(at, file, gettext("only COPR projects are declared as repositories")),
        }
    }

    /// Options of dnf that say something else than what the recipe's section does.
    fn options(&mut self, at: &str, from: &Json) {
        for name in ["skip-unavailable", "skip-broken", "allow-erasing", "no-gpgchecks", "with-optional"] {
            if from.get(name).and_then(Json::as_bool) == Some(true) {
                self.takeover.leave(at, name, no_such(name));
            }
        }
        if from.get("install-weak-deps").and_then(Json::as_bool) == Some(false) {
            self.takeover.leave(at, "install-weak-deps: false", no_such("install-weak-deps"));
        }
    }

    fn remove(&mut self, at: &str, packages: Option<&Json>) {
        for name in words(packages) {
            let why = gettext("removing packages of the base image is a line of your own in the Containerfile");
            self.takeover.leave(at, format!("remove {name}"), why);
        }
    }

    /// Each word of a field that stays where it is.
    fn keep(&mut self, at: &str, name: &str, value: Option<&Json>) {
        let Some(value) = value.filter(|value| !value.is_null()) else { return };
        let each = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
        for one in each {
            let what = word(&one).unwrap_or_else(|| one.to_string());
            self.takeover.leave(at, format!("{name}: {what}"), no_such(name));
        }
    }

    fn systemd(&mut self, at: &str, module: &Json) {
        let system = module.get("system").unwrap_or(&Json::Null);
        for (name, state) in
            [("enabled", UnitState::Enabled), ("disabled", UnitState::Disabled), ("masked", UnitState::Masked)]
        {
            words(system.get(name)).iter().for_each(|unit| self.takeover.unit(at, unit, state));
        }
        self.keep(at, "unmasked", system.get("unmasked"));
        let user = module.get("user").unwrap_or(&Json::Null);
        for name in ["enabled", "disabled", "masked", "unmasked"] {
            for unit in words(user.get(name)) {
                let why = gettext("units of people’s own sessions are not declared");
                self.takeover.leave(at, format!("user {name} {unit}"), why);
            }
        }
    }

    fn kargs(&mut self, at: &str, module: &Json) {
        if let Some(arch) = module.get("arch").and_then(Json::as_str) {
            for argument in words(module.get("kargs")) {
                let values = [("arch", arch)];
                self.takeover.leave(at, argument, fill(&gettext("it is only for {arch}"), &values));
            }
            return;
        }
        for text in words(module.get("kargs")) {
            text.split_whitespace().for_each(|argument| self.takeover.argument(at, argument));
        }
    }

    fn flatpaks(&mut self, at: &str, module: &Json) {
        let set = |from: &Json, name: &str, old: &str| {
            from.get("repo").and_then(|repo| repo.get(name)).or_else(|| from.get(old)).and_then(word)
        };
        let mut lists: Vec<(Scope, &Json)> = Vec::new();
        for configuration in module.get("configurations").and_then(Json::as_array).into_iter().flatten() {
            let is_system = configuration.get("scope").and_then(Json::as_str) == Some("system");
            lists.push((if is_system { Scope::System } else { Scope::User }, configuration));
        }
        lists.extend(module.get("system").map(|list| (Scope::System, list)));
        lists.extend(module.get("user").map(|list| (Scope::User, list)));
        for (scope, list) in lists {
            let name = set(list, "name", "repo-name").unwrap_or_else(|| FLATHUB.0.to_owned());
            let url = set(list, "url", "repo-url").unwrap_or_else(|| FLATHUB.1.to_owned());
            self.takeover.remote(at, &name, &url, scope);
            words(list.get("install")).iter().for_each(|app| self.takeover.flatpak(at, app, &name, scope));
            for app in words(list.get("remove")) {
                let why = gettext("what is not in the setup is not installed by it, and an app is removed by hand");
                self.takeover.leave(at, format!("remove {app}"), why);
            }
        }
    }

    fn extensions(&mut self, at: &str, module: &Json) {
        words(module.get("install")).iter().for_each(|name| self.takeover.extension(at, name));
        self.keep(at, "uninstall", module.get("uninstall"));
    }

    fn overrides(&mut self, at: &str, module: &Json) {
        for name in words(module.get("include")) {
            let place = format!("files/gschema-overrides/{name}");
            let Some(text) = (self.file)(&place) else {
                self.takeover.leave(at, name, gettext("the included file cannot be read"));
                continue;
            };
            let mut schema = "";
            for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#') && !line.is_empty()) {
                if let Some(group) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                    schema = group;
                } else if let Some((key, value)) = line.split_once('=') {
                    match schema.split_once(':') {
                        None => self.takeover.setting(&place, schema, key.trim(), value.trim()),
                        Some((schema, "GNOME")) => self.takeover.setting(&place, schema, key.trim(), value.trim()),
                        Some((_, desktop)) => {
                            let why = fill(&gettext("it is only for {desktop}"), &[("desktop", desktop)]);
                            self.takeover.leave(&place, line, why);
                        }
                    }
                }
            }
        }
    }

    fn script(&mut self, at: &str, module: &Json) {
        words(module.get("snippets")).iter().for_each(|snippet| shell::read(self.takeover, at, snippet, false));
        for name in words(module.get("scripts")) {
            let place = format!("files/scripts/{name}");
            match (self.file)(&place) {
                Some(text) => shell::read(self.takeover, &place, &text, true),
                None => self.takeover.leave(at, name, gettext("the script cannot be read")),
            }
        }
    }
}

#[cfg(test)]
mod tests;
