// SPDX-License-Identifier: GPL-3.0-or-later
//! Where an item stands in its manifest, and what is written there.
//!
//! Domains say this of their items; [`super::edit`] does it. A manifest holds an item as a word of a list
//! (`"htop"`), as an object of a list (`{"id": …}`), or as a property of an object (`"x.service": "enabled"`).
//!
//! Invariant: what makes two entries the same one is told here and nowhere else.

use serde_json::Value as Json;

/// One edit of a manifest: an entry that is to be there, or not.
#[derive(Debug, Clone)]
pub struct Edit {
    /// The fields that lead to the list or object that holds it, outermost first.
    pub path: &'static [&'static str],
    /// The entry.
    pub entry: Entry,
    /// Whether it is to be there afterwards.
    pub there: bool,
}

/// An entry of a manifest.
#[derive(Debug, Clone)]
pub enum Entry {
    /// A word of a list.
    Word(String),
    /// An object of a list.
    Object(Fields),
    /// A property of an object.
    Property {
        /// Its name.
        name: String,
        /// Its value.
        value: Json,
        /// The name in one spelling, to find one that is written in another.
        spelling: fn(&str) -> String,
    },
    /// A property of an object that is an object itself, of which some fields are known.
    Member {
        /// Its name.
        name: String,
        /// Its fields.
        fields: Fields,
    },
}

/// An object of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Fields {
    /// The fields that make two objects the same entry, and what a missing one means.
    pub id: &'static [(&'static str, Option<&'static str>)],
    /// Its fields in the order a new object has them; `None` for those it is not to have. Others are left alone.
    pub fields: Vec<(&'static str, Option<Json>)>,
    /// Whether an object that would only have its first identifying field is written as that word.
    pub or_word: bool,
    /// A field that tells some entries of this identity from the others, though the item's key does not name it.
    pub apart: Option<&'static str>,
}

/// What tells entries apart.
pub(super) type Identity = Vec<Option<String>>;

impl Entry {
    pub(super) fn identity(&self) -> Identity {
        match self {
            Self::Word(word) => vec![Some(word.clone())],
            Self::Property { name, spelling, .. } => vec![Some(spelling(name))],
            Self::Member { name, .. } => vec![Some(name.clone())],
            Self::Object(object) => object.own_identity(),
        }
    }

    /// How names of properties are told apart, where it is one.
    pub(super) fn spelling(&self) -> Option<fn(&str) -> String> {
        match self {
            Self::Property { spelling, .. } => Some(*spelling),
            Self::Member { .. } => Some(str::to_owned),
            Self::Word(_) | Self::Object(_) => None,
        }
    }
}

impl Fields {
    /// The identity of an object, given its text fields.
    pub(super) fn identity(&self, text: impl Fn(&str) -> Option<String>) -> Identity {
        self.id.iter().map(|(field, default)| text(field).or_else(|| default.map(str::to_owned))).collect()
    }

    /// Its own identity.
    pub(super) fn own_identity(&self) -> Identity {
        self.identity(|field| {
            let (_, value) = self.fields.iter().find(|(name, _)| *name == field)?;
            value.as_ref()?.as_str().map(str::to_owned)
        })
    }

    /// Whether it says more than its name.
    pub(super) fn says_more(&self) -> bool {
        self.fields.iter().any(|(name, value)| value.is_some() && Some(*name) != self.id.first().map(|(id, _)| *id))
    }
}
