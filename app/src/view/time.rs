// SPDX-License-Identifier: GPL-3.0-or-later
//! How long ago something was, in words.
//!
//! Invariant: a time in the future, as after a clock change, is "just now".

use bkt_core::i18n::{fill, gettext, ngettext};
use jiff::Timestamp;

/// `just now`, `2 minutes ago`, …
pub(crate) fn ago(then: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(then.as_second()).max(0);
    let count = |n: i64, sentence: fn(u32) -> String| {
        fill(&sentence(u32::try_from(n).unwrap_or(u32::MAX)), &[("count", &n.to_string())])
    };
    match seconds {
        // Translators: stands inside "Compared {when}."
        0..60 => gettext("just now"),
        60..3600 => count(seconds / 60, |n| ngettext("{count} minute ago", "{count} minutes ago", n)),
        3600..86_400 => count(seconds / 3600, |n| ngettext("{count} hour ago", "{count} hours ago", n)),
        _ => count(seconds / 86_400, |n| ngettext("{count} day ago", "{count} days ago", n)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_whole_unit_is_said() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let said = |seconds: i64| ago(at(1_000_000), at(1_000_000 + seconds));
        assert_eq!(said(-5), "just now");
        assert_eq!(said(59), "just now");
        assert_eq!(said(60), "1 minute ago");
        assert_eq!(said(7_199), "1 hour ago");
        assert_eq!(said(3 * 86_400), "3 days ago");
    }
}
