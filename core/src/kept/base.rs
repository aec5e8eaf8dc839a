// SPDX-License-Identifier: GPL-3.0-or-later
//! `base-image-assumptions.json`: what the setup takes for granted in the image it builds on.
//!
//! Packages must be in the base image itself, so one that was only layered on this computer does not count;
//! services and paths must exist.
//!
//! Invariant: the rpm database is read once, each directory is listed once; what could not be looked at neither
//! holds nor fails.

mod verify;

use std::collections::BTreeSet;

use jsonc_parser::ast::{Object, Value};
use serde::Serialize;

pub use self::verify::{Verdict, Verified, verify};
use super::sheet::Sheet;
use crate::manifest::edit::{EditError, apply_places};
use crate::manifest::place::{Edit, Entry, Fields};
use crate::name::{PackageName, UnitName};

/// Where the assumptions stand.
pub const FILE: &str = "manifests/base-image-assumptions.json";

/// What kind of thing is taken for granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A package.
    Package,
    /// A systemd unit.
    Service,
    /// A file or directory.
    Path,
}

/// One thing that is taken for granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assumption {
    /// What kind.
    pub kind: Kind,
    /// Its name or path.
    pub name: String,
    /// Why the setup needs it.
    pub reason: Option<String>,
    /// The line it stands on, from 1.
    pub line: u32,
}

/// What the setup takes for granted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BaseAssumptions {
    /// The image it builds on.
    pub source: Option<String>,
    /// The digest of that image when the assumptions were last verified.
    pub last_verified_digest: Option<String>,
    /// When that was.
    pub last_verified_at: Option<String>,
    /// The assumptions, in file order.
    pub assumptions: Vec<Assumption>,
}

/// A unit name; one without a dot is a service, as for systemctl.
pub(super) fn unit(name: &str) -> String {
    if name.contains('.') { name.to_owned() } else { format!("{name}.service") }
}

impl BaseAssumptions {
    pub(super) fn read(&mut self, sheet: &mut Sheet<'_>, root: &Object<'_>) -> usize {
        sheet.reader.know(root, &["base_image", "packages", "services", "paths"]);
        if let Some(image) = sheet.take(sheet.reader.object(root, "base_image")).flatten() {
            sheet.reader.know(image, &["source", "last_verified_digest", "last_verified_at"]);
            self.source = sheet.needed(image, "base_image", "source").map(str::to_owned);
            self.last_verified_at = sheet.text(image, "last_verified_at").map(str::to_owned);
            let digest = sheet.text(image, "last_verified_digest");
            let hex = |digest: &str| super::sheet::is_sha256(digest.strip_prefix("sha256:").unwrap_or(digest));
            if digest.is_some_and(|digest| !hex(digest)) {
                sheet.wrong(image, "‘last_verified_digest’ is not sha256: and 64 hexadecimal digits".to_owned());
            }
            self.last_verified_digest = digest.map(str::to_owned);
        }
        for (list, kind) in [("packages", Kind::Package), ("services", Kind::Service), ("paths", Kind::Path)] {
            self.list(sheet, root, list, kind);
        }
        self.assumptions.len()
    }

    /// Reads a list whose entries are names, or objects with a name.
    fn list(&mut self, sheet: &mut Sheet<'_>, root: &Object<'_>, list: &'static str, kind: Kind) {
        let mut seen = BTreeSet::new();
        let Some(elements) = sheet.take(sheet.reader.list(root, list)) else { return };
        for element in elements {
            let (name, reason) = match element {
                Value::StringLit(word) => (Some(word.value.to_string()), None),
                other => {
                    let Some(object) = sheet.take(sheet.reader.entry(list, other)) else { continue };
                    // A path may be named as what it is.
                    let field = if kind == Kind::Path && object.get("path").is_some() { "path" } else { "name" };
                    sheet.reader.know(object, &[field, "reason"]);
                    let reason = sheet.text(object, "reason").map(str::to_owned);
                    (sheet.needed(object, list, field).map(str::to_owned), reason)
                }
            };
            let Some(name) = name else { continue };
            let is_good = match kind {
                Kind::Package => sheet.take(sheet.reader.name::<PackageName>(element, &name)).is_some(),
                Kind::Service => sheet.take(sheet.reader.name::<UnitName>(element, &unit(&name))).is_some(),
                Kind::Path => sheet.absolute(element, list, &name),
            };
            if !seen.insert(name.clone()) {
                sheet.reader.warn(element, format!("‘{name}’ is listed twice"));
            } else if is_good {
                self.assumptions.push(Assumption { kind, name, reason, line: sheet.reader.line_of(element) });
            }
        }
    }

    /// How many of a kind there are.
    #[must_use]
    pub fn count(&self, kind: Kind) -> usize {
        self.assumptions.iter().filter(|assumption| assumption.kind == kind).count()
    }
}

/// The text of the manifest with packages assumed, for a reason, or no longer assumed.
///
/// # Errors
/// The text is not JSON of the manifest's shape.
pub fn edited(text: &str, packages: &[PackageName], reason: Option<&str>, there: bool) -> Result<String, EditError> {
    let edit = |package: &PackageName| {
        let mut fields = vec![("name", Some(package.as_str().into()))];
        // A reason that is there stays when none is given.
        fields.extend(reason.map(|reason| ("reason", Some(reason.into()))));
        let fields = Fields { id: &[("name", None)], fields, or_word: false, apart: None };
        Edit { path: &["packages"], entry: Entry::Object(fields), there }
    };
    apply_places(FILE, text, packages.iter().map(edit).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assuming_a_package_is_one_entry_and_back_again_the_same_bytes() {
        let text = "{\n  \"base_image\": {\"source\": \"quay.io/a/b:1\"}, // ours\n  \"packages\": [\n    {\"name\": \"bash\", \"x\": 1},\n    {\"name\": \"zsh\", \"reason\": \"mine\"}\n  ]\n}";
        let packages = ["git".parse().unwrap()];
        let after = edited(text, &packages, Some("for the setup"), true).unwrap();
        let added = "{\"name\": \"bash\", \"x\": 1},\n    {\n      \"name\": \"git\",\n      \"reason\": \"for the setup\"\n    },";
        assert_eq!(after, text.replace("{\"name\": \"bash\", \"x\": 1},", added));
        assert_eq!(edited(&after, &packages, None, false).unwrap(), text);
        assert_eq!(edited(text, &["zsh".parse().unwrap()], None, true).unwrap(), text);
        let begun = edited("", &packages, None, true).unwrap();
        assert_eq!(begun, "{\n  \"packages\": [\n    {\n      \"name\": \"git\"\n    }\n  ]\n}\n");
    }
}
