// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt` alone: what there is and where to begin.
//!
//! Invariant: reads nothing and always ends well.

use bkt_core::i18n::gettext;
use serde_json::json;

use crate::error::Answer;

/// The groups of commands.
pub(super) fn overview() -> Answer {
    let text = gettext(
        "See how this computer differs from its setup, and decide about each difference.\n\n\
         Look     status · drift [list|check] · diff · plan [show] · log · system · doctor\n\
         Edit     dnf · flatpak · gsetting · shim\n\
         Decide   apply · capture · ignore · undo\n\
         Image    containerfile check|diff|sync|adopt · base · upstream · schema\n\
         Set up   first-boot · notify · completions · help\n\n\
         Begin with ‘bkt status’. ‘bkt help COMMAND’ explains a command and its options.",
    );
    let commands = [
        "status",
        "drift",
        "diff",
        "plan",
        "log",
        "system",
        "gsetting",
        "doctor",
        "apply",
        "capture",
        "ignore",
        "undo",
        "dnf",
        "flatpak",
        "shim",
        "containerfile",
        "base",
        "upstream",
        "schema",
        "first-boot",
        "notify",
        "completions",
    ];
    let document = json!({
        "format": "bkt.commands",
        "format_version": "1.0",
        "version": env!("CARGO_PKG_VERSION"),
        "commands": commands,
    });
    Answer::new(text, document)
}
