// SPDX-License-Identifier: GPL-3.0-or-later
//! Groups of packages in `system-packages.json`: they are the recipe's, which lets dnf resolve them.
//!
//! Invariant: a group stands in the list once, with or without its `@`.

use crate::manifest::Manifest;
use crate::manifest::edit::{EditError, apply_places};
use crate::manifest::place::{Edit, Entry};
use crate::name::GroupName;

/// The manifest's text with groups put in or taken out; those that are there already are not to be named again.
///
/// # Errors
/// The text cannot be parsed, or its list is none.
pub fn edited(text: &str, groups: &[GroupName], there: bool) -> Result<String, EditError> {
    let edit = |word: String| Edit { path: &["groups"], entry: Entry::Word(word), there };
    let spellings = |group: &GroupName| {
        let plain = group.to_string();
        if there { vec![plain] } else { vec![format!("@{plain}"), plain] }
    };
    apply_places(Manifest::SystemPackages.path(), text, groups.iter().flat_map(spellings).map(edit).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_come_and_go_and_the_rest_stays() {
        let groups = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect::<Vec<GroupName>>();
        let text = "{\n  // mine\n  \"packages\": [\"htop\"],\n  \"groups\": [\"@core\", \"fonts\"]\n}\n";
        let more = edited(text, &groups(&["development-tools"]), true).unwrap();
        assert!(
            more.contains("\"development-tools\"") && more.contains("// mine") && more.contains("\"@core\""),
            "{more}"
        );
        let none = edited(text, &groups(&["core", "fonts"]), false).unwrap();
        assert!(!none.contains("core") && !none.contains("fonts") && none.contains("htop"), "{none}");
        let new = edited("", &groups(&["fonts"]), true).unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&new).unwrap(), serde_json::json!({"groups": ["fonts"]}));
        assert!(edited("{\"groups\": 1}", &groups(&["fonts"]), true).is_err());
    }
}
