// SPDX-License-Identifier: GPL-3.0-or-later
//! What is said of first setups: how they stand, and what they left undone.
//!
//! Invariant: it is said of the image that runs; how another one ended is not said to be this one's.

use bkt_core::first_boot::{Image, Left, Marker, Part};
use bkt_core::i18n::{fill, gettext, ngettext};
use serde_json::json;

use crate::error::Answer;

/// `--status`: of one part, and what is known of the other.
pub(super) fn status(part: Part, marker: Option<&Marker>, system: Option<&Marker>, image: &Image) -> Answer {
    let mut text = lines(part, marker, image);
    if let Some(system) = system {
        text.push_str(&format!(
            "\n{}\n{}",
            gettext("The administrator’s part:"),
            lines(Part::System, Some(system), image)
        ));
    }
    let document = json!({
        "format": "bkt.first-boot",
        "format_version": "1.0",
        "image": image,
        "done": marker.is_some_and(|marker| marker.is_done(image)),
        "marker": marker,
        "system": system,
    });
    Answer::new(text, document)
}

fn lines(part: Part, marker: Option<&Marker>, image: &Image) -> String {
    let Some(marker) = marker.filter(|marker| marker.is_done(image) || marker.image.is_same(image)) else {
        return gettext("The first setup has not run yet.");
    };
    if marker.is_done(image) {
        let done = match &image.digest {
            Some(digest) => fill(&gettext("First setup for image {digest}: done."), &[("digest", digest)]),
            None => fill(&gettext("First setup for {deployment}: done."), &[("deployment", &image.deployment)]),
        };
        return done;
    }
    let mut out = standing(marker, image);
    for left in &marker.left {
        out.push_str(&format!("\n  {}", unread_or_undone(left)));
    }
    if marker.running.is_some() {
        let held = marker.is_held(marker.running.unwrap_or_default());
        out.push('\n');
        out.push_str(&if held { self::held() } else { gettext("It runs now, or was cut off.") });
        if held {
            out.push('\n');
            out.push_str(&again(part));
        }
    }
    out
}

fn standing(marker: &Marker, image: &Image) -> String {
    let failures = marker.failures.to_string();
    let values = [("deployment", image.deployment.as_str()), ("failures", &failures)];
    if marker.failures == 0 {
        return fill(&gettext("First setup for {deployment}: not complete."), &values);
    }
    let sentence = ngettext(
        "First setup for {deployment}: not complete after {failures} try.",
        "First setup for {deployment}: not complete after {failures} tries.",
        marker.failures,
    );
    fill(&sentence, &values)
}

fn unread_or_undone(left: &Left) -> String {
    fill(&gettext("{item}: {reason}"), &[("item", &left.item), ("reason", &left.reason)])
}

/// What could not be compared.
pub(super) fn unread(left: &Left) -> String {
    let values = [("item", left.item.as_str()), ("reason", &left.reason)];
    fill(&gettext("{item} could not be checked: {reason}"), &values)
}

/// That it is not tried any more.
pub(super) fn held() -> String {
    gettext("the first setup was cut off three times and is not tried again by itself")
}

/// How to try it all the same.
pub(super) fn again(part: Part) -> String {
    let command = match part {
        Part::System => "bkt first-boot --system --again",
        Part::User => "bkt first-boot --again",
    };
    fill(&gettext("Try again: {command}"), &[("command", command)])
}

/// How a part stands that is not complete, in one line.
pub(in crate::commands) fn unfinished(marker: &Marker) -> String {
    let sentence = ngettext(
        "not complete after {failures} try (bkt first-boot --status)",
        "not complete after {failures} tries (bkt first-boot --status)",
        marker.failures,
    );
    fill(&sentence, &[("failures", &marker.failures.to_string())])
}
