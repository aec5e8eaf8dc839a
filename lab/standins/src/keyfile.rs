// SPDX-License-Identifier: GPL-3.0-or-later
//! Origin files: GLib key files of groups and `key=value` lines, kept in order when written back.

/// Groups in the order of the file, each with its lines.
#[derive(Debug, Clone, Default)]
pub struct Keyfile {
    groups: Vec<(String, Vec<(String, String)>)>,
}

impl Keyfile {
    pub fn parse(text: &str) -> Self {
        let mut groups: Vec<(String, Vec<(String, String)>)> = Vec::new();
        for line in text.lines().map(str::trim) {
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                groups.push((name.to_owned(), Vec::new()));
            } else if let (Some((key, value)), Some((_, lines))) = (line.split_once('='), groups.last_mut()) {
                lines.push((key.trim().to_owned(), value.trim().to_owned()));
            }
        }
        Self { groups }
    }

    pub fn get(&self, group: &str, key: &str) -> Option<&str> {
        self.lines(group).find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    pub fn lines(&self, group: &str) -> impl Iterator<Item = (&str, &str)> {
        self.groups
            .iter()
            .filter(move |(name, _)| name == group)
            .flat_map(|(_, lines)| lines.iter().map(|(key, value)| (key.as_str(), value.as_str())))
    }

    pub fn has_group(&self, group: &str) -> bool {
        self.groups.iter().any(|(name, _)| name == group)
    }

    /// Sets a value, or takes the key away for `None`.
    pub fn set(&mut self, group: &str, key: &str, value: Option<&str>) {
        if !self.has_group(group) {
            self.groups.push((group.to_owned(), Vec::new()));
        }
        for (_, lines) in self.groups.iter_mut().filter(|(name, _)| name == group) {
            lines.retain(|(name, _)| name != key);
            lines.extend(value.map(|value| (key.to_owned(), value.to_owned())));
        }
    }

    pub fn remove_group(&mut self, group: &str) {
        self.groups.retain(|(name, _)| name != group);
    }

    pub fn render(&self) -> String {
        let mut text = String::new();
        for (name, lines) in &self.groups {
            text.push_str(&format!("[{name}]\n"));
            for (key, value) in lines {
                text.push_str(&format!("{key}={value}\n"));
            }
        }
        text
    }
}
