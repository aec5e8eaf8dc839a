// SPDX-License-Identifier: GPL-3.0-or-later
//! The file of `distrobox assemble`, `distrobox.ini`: a group for each box, `key=value` lines in it, of which those
//! that are lists can be there more than once.
//!
//! Invariant: a key that a setup has no place for is named, never dropped in silence.

use super::made;
use crate::i18n::{fill, gettext};
use crate::name::BoxName;
use crate::problem::Problem;
use crate::value::{BoxSource, Words};

/// A box of such a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assembled {
    /// Its name.
    pub name: BoxName,
    /// What it is made from.
    pub source: BoxSource,
    /// What else the file says of it.
    pub left: Vec<String>,
}

/// Reads the text of one; what is in the home is written with `~`.
///
/// # Errors
/// It is another kind of file, or a name or value in it is not valid.
pub fn read(text: &str, home: Option<&str>) -> Result<Vec<Assembled>, Problem> {
    let mut boxes: Vec<Assembled> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        // A comment begins anywhere behind a space, also inside quotes.
        let line = line.replace('\t', " ");
        let line = line.split_once(" #").map_or(line.as_str(), |(line, _)| line).trim();
        let wrong = |reason: String| {
            let values = [("line", (index + 1).to_string()), ("reason", reason)];
            let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
            Problem::new("import_invalid", fill(&gettext("line {line}: {reason}"), &values))
        };
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            let name = name.trim().parse().map_err(|error: crate::name::NameError| wrong(error.to_string()))?;
            boxes.push(Assembled { name, source: BoxSource::default(), left: Vec::new() });
            continue;
        }
        let (Some(assembled), Some((key, value))) = (boxes.last_mut(), line.split_once('=')) else {
            return Err(wrong(gettext("it is no group and no value in one")));
        };
        assembled.take(key.trim(), unquoted(value.trim())).map_err(wrong)?;
    }
    for assembled in &mut boxes {
        assembled.source = made::spelled(std::mem::take(&mut assembled.source), home);
    }
    Ok(boxes)
}

/// A value without the quotes around it.
fn unquoted(value: &str) -> &str {
    let inside = |quote: char| value.strip_prefix(quote).and_then(|value| value.strip_suffix(quote));
    inside('"').or_else(|| inside('\'')).unwrap_or(value)
}

fn truth(value: &str) -> Result<bool, String> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" => Ok(true),
        "false" | "0" | "no" | "" => Ok(false),
        _ => Err(fill(&gettext("‘{value}’ is not true or false"), &[("value", value)])),
    }
}

impl Assembled {
    fn take(&mut self, key: &str, value: &str) -> Result<(), String> {
        let each = |list: &mut Words| {
            list.get_or_insert_default().extend(value.split_whitespace().map(str::to_owned));
        };
        let whole = |list: &mut Words| list.get_or_insert_default().push(value.to_owned());
        let source = &mut self.source;
        match key {
            _ if value.is_empty() => {}
            "image" => source.image = Some(value.parse().map_err(|error: crate::name::NameError| error.to_string())?),
            "additional_packages" => each(&mut source.packages),
            "volume" => each(&mut source.volume),
            "exported_apps" => each(&mut source.exported_apps),
            "exported_bins" => each(&mut source.bins.get_or_insert_default().also),
            "exported_bins_path" => source.bins.get_or_insert_default().to = Some(value.to_owned()),
            "init_hooks" => whole(&mut source.init_hooks),
            "pre_init_hooks" => whole(&mut source.pre_init_hooks),
            "additional_flags" => whole(&mut source.additional_flags),
            "init" => source.init = Some(truth(value)?),
            "pull" => source.pull = Some(truth(value)?),
            "root" => source.root = Some(truth(value)?),
            _ if truth(value) == Ok(false) => {}
            _ => self.left.push(key.to_owned()),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_file_says_has_its_place_or_is_named() {
        let text = "\
# mine
[dev] # the one
image=registry.fedoraproject.org/fedora-toolbox:43 # new
additional_packages=\"git vim\"
additional_packages=\"gcc\"
init_hooks=touch /ready
init_hooks='echo a=b'
volume=\"/home/sam/src:/src /mnt:/mnt\"
additional_flags=\"--env EDITOR=vim --env=PATH=/home/sam/.cargo/bin:/usr/bin\"
additional_flags=\"--device /dev/dri\"
exported_bins=\"/usr/bin/gcc\"
exported_bins_path=\"~/bin\"
exported_apps=gitg
init=false
pull=true
start_now=true
nvidia=0

[plain]
";
        let boxes = read(text, Some("/home/sam")).unwrap();
        let [dev, plain] = boxes.as_slice() else { panic!("{boxes:?}") };
        assert_eq!((dev.name.as_str(), &dev.left), ("dev", &vec!["start_now".to_owned()]));
        assert_eq!(
            serde_json::json!(dev.source),
            serde_json::json!({
                "image": "registry.fedoraproject.org/fedora-toolbox:43",
                "packages": ["git", "vim", "gcc"],
                "bins": {"also": ["/usr/bin/gcc"], "to": "~/bin"},
                "exported_apps": ["gitg"],
                "init_hooks": ["touch /ready", "echo a=b"],
                "volume": ["~/src:/src", "/mnt:/mnt"],
                "pull": true,
                "init": false,
                "path": ["~/.cargo/bin"],
                "env": {"EDITOR": "vim"},
                "additional_flags": ["--device=/dev/dri"],
            })
        );
        assert_eq!((plain.name.as_str(), &plain.source), ("plain", &BoxSource::default()));
    }

    #[test]
    fn another_kind_of_file_is_refused_by_its_line() {
        for (text, line) in [("image=x\n", 1), ("[a]\nhello\n", 2), ("[a]\n\ninit=maybe\n", 3), ("[a b]\n", 1)] {
            let problem = read(text, None).unwrap_err();
            assert!(problem.message.starts_with(&format!("line {line}: ")), "{problem:?}");
        }
    }
}
