// SPDX-License-Identifier: GPL-3.0-or-later
//! Groups of packages in `system-packages.json`: they are the recipe's, which lets dnf resolve them.
//!
//! Invariant: a group's key begins with the `@` that no package's does; in the list it stands once, with or without it.

use crate::manifest::place::{Edit, Entry};
use crate::name::{GroupName, NameError};

/// The key of a group's item.
#[must_use]
pub fn key(group: &GroupName) -> String {
    format!("@{group}")
}

/// The group a key is of; `None` for a package.
pub(crate) fn of(key: &str) -> Option<&str> {
    key.strip_prefix('@')
}

/// The group of an entry, as people write it.
pub(crate) fn name(text: &str) -> Result<GroupName, NameError> {
    of(text).unwrap_or(text).parse()
}

/// How a group comes into the list or goes out of it, however it is written there.
pub(super) fn places(group: &str, there: bool) -> Vec<Edit> {
    let edit = |word: String| Edit { path: &["groups"], entry: Entry::Word(word), there };
    let other = (!there).then(|| edit(format!("@{group}")));
    other.into_iter().chain([edit(group.to_owned())]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifest;
    use crate::manifest::edit::apply_places;

    #[test]
    fn groups_come_and_go_and_the_rest_stays() {
        let edited = |text: &str, names: &[&str], there| {
            let edits = names.iter().flat_map(|name| places(name, there)).collect();
            apply_places(Manifest::SystemPackages.path(), text, edits)
        };
        let text = "{\n  // mine\n  \"packages\": [\"htop\"],\n  \"groups\": [\"@core\", \"fonts\"]\n}\n";
        let more = edited(text, &["development-tools"], true).unwrap();
        assert!(
            more.contains("\"development-tools\"") && more.contains("// mine") && more.contains("\"@core\""),
            "{more}"
        );
        let none = edited(text, &["core", "fonts"], false).unwrap();
        assert!(!none.contains("core") && !none.contains("fonts") && none.contains("htop"), "{none}");
        let new = edited("", &["fonts"], true).unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&new).unwrap(), serde_json::json!({"groups": ["fonts"]}));
        assert!(edited("{\"groups\": 1}", &["fonts"], true).is_err());
    }

    #[test]
    fn a_key_tells_groups_from_packages() {
        assert_eq!(key(&name("@fonts").unwrap()), key(&name("fonts").unwrap()));
        assert_eq!((of("@fonts"), of("fonts")), (Some("fonts"), None));
        assert!(name("@a b").is_err() && name("@@a").is_err());
    }
}
