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
         Edit     dnf · copr · flatpak · remote · ext · gsetting · shim · skel · etc\n\
         \x20        brew · appimage · bin · distrobox · dev\n\
         Decide   apply · capture · ignore · unignore · undo · local [list|commit]\n\
         System   admin kargs|systemd|systemctl|bootc\n\
         Image    containerfile check|diff|sync|adopt · base · upstream · schema\n\
         \x20        repo · commit · pr · pull · changelog · build-info\n\
         Set up   init · first-boot · notify · topgrade · completions · help\n\n\
         Begin with ‘bkt status’, or ‘bkt init’ where there is no setup.\n\
         ‘bkt help COMMAND’ explains a command and its options.",
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
        "unignore",
        "undo",
        "dnf",
        "copr",
        "flatpak",
        "remote",
        "ext",
        "shim",
        "skel",
        "etc",
        "brew",
        "appimage",
        "bin",
        "distrobox",
        "dev",
        "local",
        "admin",
        "containerfile",
        "repo",
        "commit",
        "pr",
        "pull",
        "changelog",
        "build-info",
        "base",
        "upstream",
        "schema",
        "init",
        "first-boot",
        "notify",
        "topgrade",
        "completions",
    ];
    let document = json!({
        "format": "bkt.commands",
        "format_version": "1.0",
        "version": env!("CARGO_PKG_VERSION"),
        "commands": commands.as_slice(),
    });
    Answer::new(text, document)
}
