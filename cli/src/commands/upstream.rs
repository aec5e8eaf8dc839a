// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt upstream`: the software the image fetches from elsewhere, and whether its pins are whole.
//!
//! Invariant: only files of the setup are read; no network.

use bkt_core::i18n::{fill, gettext, ngettext};
use bkt_core::kept::Kept;
use bkt_core::kept::upstream::{FILE, Upstream};
use serde_json::json;

use crate::args::{UpstreamArgs, UpstreamCommand};
use crate::context::Context;
use crate::error::{Answer, Failure, exit};
use crate::ui::{BAD, BOLD, GOOD, padded, styled, widest};

/// `bkt upstream list|info|verify`.
pub(super) fn upstream(context: &Context, args: &UpstreamArgs) -> Result<Answer, Failure> {
    let kept = Kept::load(&context.setup()?);
    match &args.command {
        UpstreamCommand::List => Ok(answer(list(&kept.upstreams), &kept, kept.upstreams.iter().collect())),
        UpstreamCommand::Info { name } => {
            let Some(one) = kept.upstreams.iter().find(|upstream| upstream.name == *name) else {
                let message = fill(&gettext("the setup fetches nothing named {name}"), &[("name", name)]);
                return Err(Failure::new(exit::USAGE, "unknown_upstream", message)
                    .hinted(gettext("‘bkt upstream list’ lists what it fetches")));
            };
            Ok(answer(info(one), &kept, vec![one]))
        }
        UpstreamCommand::Verify => {
            let is_whole = kept.upstreams.iter().all(|one| one.problems.is_empty()) && findings(&kept).is_empty();
            let exit = if is_whole { exit::DONE } else { exit::DIFFERENCES };
            Ok(answer(verify(&kept), &kept, kept.upstreams.iter().collect()).exiting(exit))
        }
    }
}

fn findings(kept: &Kept) -> Vec<&bkt_core::kept::Finding> {
    kept.problems().filter(|(file, _)| *file == FILE).map(|(_, finding)| finding).collect()
}

fn answer(text: String, kept: &Kept, shown: Vec<&Upstream>) -> Answer {
    let document = json!({
        "format": "bkt.upstream-list",
        "format_version": "1.0",
        "file": FILE,
        "upstreams": shown,
        "problems": findings(kept),
    });
    Answer::new(text, document)
}

fn nothing() -> String {
    gettext("The setup fetches no software from elsewhere.")
}

fn list(upstreams: &[Upstream]) -> String {
    if upstreams.is_empty() {
        return nothing();
    }
    let names = widest(upstreams.iter().map(|one| &one.name));
    let versions = widest(upstreams.iter().map(|one| &one.version));
    let line =
        |one: &Upstream| format!("{}  {}  {}\n", padded(&one.name, names), padded(&one.version, versions), one.source);
    upstreams.iter().map(line).collect()
}

fn info(one: &Upstream) -> String {
    let rows = [
        (gettext("Name"), Some(one.name.clone())),
        (gettext("About"), one.description.clone()),
        (gettext("Source"), Some(one.source.clone())),
        (gettext("Version"), Some(one.version.clone())),
        (gettext("Commit"), one.commit.clone()),
        (gettext("Address"), one.url.clone()),
        (gettext("SHA-256"), Some(one.sha256.clone())),
        (gettext("Pinned at"), one.pinned_at.clone()),
        (gettext("Installed as"), one.install.clone()),
    ];
    let wide = widest(rows.iter().map(|(label, _)| label));
    let row = |(label, text): (String, Option<String>)| {
        let text = text.filter(|text| !text.is_empty())?;
        Some(format!("{}  {text}\n", styled(BOLD, &padded(&label, wide))))
    };
    let mut out: String = rows.into_iter().filter_map(row).collect();
    one.problems.iter().for_each(|problem| out.push_str(&format!("{}\n", styled(BAD, problem))));
    out
}

fn verify(kept: &Kept) -> String {
    let found = findings(kept);
    if kept.upstreams.is_empty() && found.is_empty() {
        return nothing();
    }
    let words = [gettext("whole"), gettext("wrong")];
    let wide = widest(&words);
    let [whole, wrong] = words;
    let mut out = String::new();
    for one in &kept.upstreams {
        let (word, style) = if one.problems.is_empty() { (&whole, GOOD) } else { (&wrong, BAD) };
        out.push_str(&format!("{}  {} {}\n", styled(style, &padded(word, wide)), one.name, one.version));
        one.problems.iter().for_each(|problem| out.push_str(&format!("{}  {problem}\n", " ".repeat(wide))));
    }
    // What is wrong elsewhere in the file is said by line; pins were named above.
    let said = |message: &str| {
        kept.upstreams.iter().any(|one| one.problems.iter().any(|problem| message.ends_with(problem.as_str())))
    };
    for finding in found.iter().filter(|finding| !said(&finding.message)) {
        out.push_str(&format!(
            "{}  {FILE}:{}  {}\n",
            styled(BAD, &padded(&wrong, wide)),
            finding.line,
            finding.message
        ));
    }
    let bad = kept.upstreams.iter().filter(|one| !one.problems.is_empty()).count();
    let total = kept.upstreams.len();
    let (count, text) = if bad == 0 {
        (total, ngettext("{count} pin is whole.", "{count} pins are whole.", u32::try_from(total).unwrap_or(u32::MAX)))
    } else {
        (
            bad,
            ngettext(
                "{count} pin is not whole.",
                "{count} pins are not whole.",
                u32::try_from(bad).unwrap_or(u32::MAX),
            ),
        )
    };
    if found.len() > bad && bad == 0 {
        return out;
    }
    out + &fill(&text, &[("count", &count.to_string())])
}
