// SPDX-License-Identifier: GPL-3.0-or-later
//! Kernel arguments as an ordered list, edited as libostree edits them.

use anyhow::{Result, bail};

/// The arguments of one boot entry, without the `ostree=` that ostree itself puts there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kargs(Vec<String>);

impl Kargs {
    pub fn parse(options: &str) -> Self {
        options.split_whitespace().map(str::to_owned).collect()
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    pub fn contains(&self, karg: &str) -> bool {
        self.iter().any(|have| have == karg)
    }

    pub fn append(&mut self, karg: &str) {
        self.0.push(karg.to_owned());
    }

    pub fn append_if_missing(&mut self, karg: &str) {
        if !self.contains(karg) {
            self.append(karg);
        }
    }

    /// Removes one argument equal to `karg`.
    pub fn remove_exact(&mut self, karg: &str) {
        if let Some(at) = self.0.iter().position(|have| have == karg) {
            self.0.remove(at);
        }
    }

    /// Removes `KEY=VALUE`, or the one argument named `KEY`; says whether there was one.
    pub fn delete(&mut self, karg: &str) -> Result<bool> {
        let named: Vec<usize> = (0..self.0.len()).filter(|at| matches(&self.0[*at], karg)).collect();
        match named[..] {
            [] => return Ok(false),
            [at] => self.0.remove(at),
            [at, ..] if self.contains(karg) => self.0.remove(at),
            _ => bail!("Multiple values for key '{karg}' found"),
        };
        Ok(true)
    }

    /// `KEY=NEW` replaces the one value of KEY, `KEY=OLD=NEW` that of the value OLD.
    pub fn replace(&mut self, spec: &str) -> Result<()> {
        let (key, values) = spec.split_once('=').unwrap_or((spec, ""));
        let (old, new) = match values.split_once('=') {
            Some((old, new)) => (format!("{key}={old}"), format!("{key}={new}")),
            None => (key.to_owned(), spec.to_owned()),
        };
        let Some(at) = self.0.iter().position(|have| matches(have, &old)) else {
            bail!("No karg '{old}' found");
        };
        self.0[at] = new;
        Ok(())
    }
}

fn matches(have: &str, wanted: &str) -> bool {
    have == wanted || (!wanted.contains('=') && have.split('=').next() == Some(wanted))
}

impl FromIterator<String> for Kargs {
    fn from_iter<I: IntoIterator<Item = String>>(kargs: I) -> Self {
        Self(kargs.into_iter().filter(|karg| !karg.starts_with("ostree=")).collect())
    }
}
