// SPDX-License-Identifier: GPL-3.0-or-later
//! What an image says of the commit it was built from, in the words of the OCI image specification (annotations.md).
//!
//! Invariant: each line is `key=value` with a value of one line.

use jiff::Timestamp;

use crate::repository::between::Between;
use crate::repository::entry::Deed;

/// The commit an image was built from.
pub const REVISION: &str = "org.opencontainers.image.revision";
/// How long the list of changes is at most: registries show labels in tables.
const LONGEST: usize = 512;

/// The annotations of an image that is built from a commit now. `source` is the page of the repository.
#[must_use]
pub fn annotations(between: &Between, source: Option<&str>, now: Timestamp) -> Vec<(&'static str, String)> {
    let mut pairs = vec![
        (REVISION, between.to.id.clone()),
        ("org.opencontainers.image.created", now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
    ];
    pairs.extend(source.map(|source| ("org.opencontainers.image.source", source.to_owned())));
    if let Some(image) = &between.base_image {
        let (name, digest) = image.split_once('@').map_or((&**image, None), |(name, digest)| (name, Some(digest)));
        pairs.push(("org.opencontainers.image.base.name", name.to_owned()));
        pairs.extend(digest.map(|digest| ("org.opencontainers.image.base.digest", digest.to_owned())));
    }
    pairs.extend(between.from.as_ref().map(|from| ("org.bkt.previous", from.id.clone())));
    pairs.push(("org.bkt.changes", changes(between)));
    pairs
}

/// `+pkg:htop ~gsetting:… -flatpak:…`, as many as fit, and how many more.
fn changes(between: &Between) -> String {
    let mut text = String::new();
    for (index, entry) in between.entries.iter().enumerate() {
        let sign = match entry.deed() {
            Deed::Add => '+',
            Deed::Change => '~',
            Deed::Remove => '-',
        };
        let word = format!("{sign}{}", entry.id().replace(char::is_control, " "));
        if text.len() + word.len() + 16 > LONGEST {
            text.push_str(&format!("and {} more", between.entries.len() - index));
            break;
        }
        text.push_str(&word);
        text.push(' ');
    }
    text.trim_end().to_owned()
}
