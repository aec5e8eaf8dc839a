// SPDX-License-Identifier: GPL-3.0-or-later
//! Filling translated sentences.
//!
//! Invariant: a sentence is translated whole, with named places; it is never put together from pieces.

pub use gettextrs::{gettext, ngettext, pgettext};

/// The gettext domain every part of Bucket uses.
pub const TEXT_DOMAIN: &str = "bkt";

/// Replaces each `{name}` in a translated sentence by its value; values are not searched again.
#[must_use]
pub fn fill(sentence: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(sentence.len() + 16);
    let mut rest = sentence;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        let after = &rest[open + 1..];
        match after
            .split_once('}')
            .and_then(|(name, tail)| Some((values.iter().find(|(known, _)| *known == name)?.1, tail)))
        {
            Some((value, tail)) => {
                out.push_str(value);
                rest = tail;
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn values_are_put_in_once_and_unknown_places_stay() {
        assert_eq!(
            fill("Install {app} from {remote}", &[("app", "{remote}"), ("remote", "flathub")]),
            "Install {remote} from flathub"
        );
        assert_eq!(fill("{x} {", &[]), "{x} {");
    }
}
