// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt notify`: one desktop notification per new set of changes.
//!
//! The window's own application shows it, so that it has one place in the desktop's settings and its buttons
//! work when nothing is running; where the window is not installed the desktop is asked directly.
//!
//! Invariant: what was shown is remembered, what could not be shown is not; nothing new means silence.

use std::collections::HashMap;

use bkt_core::compare::Comparison;
use bkt_core::first_boot::Unfinished;
use bkt_core::i18n::{fill, gettext};
use bkt_core::notice::{self, Notice};
use bkt_core::session::Session;
use serde_json::json;
use zbus::Variant;

use crate::context::Context;
use crate::error::{Answer, Failure, exit};

const WINDOW: &str = "org.bkt.Bucket";
const DESKTOP: &str = "org.freedesktop.Notifications";

/// `bkt notify`.
pub(super) fn notify(context: &Context) -> Result<Answer, Failure> {
    let session = context.brief_session()?;
    let snapshot = super::run::compare(context, &session)?;
    let (notice, shown_by) = tell(context, &session, &snapshot.comparison)?;
    let text = match &notice {
        Some(notice) if context.globals.dry_run => format!("{}\n{}", notice.title, notice.body),
        _ => String::new(),
    };
    let document = json!({
        "format": "bkt.notice",
        "format_version": "1.0",
        "notice": notice,
        "shown_by": shown_by,
    });
    Ok(Answer::new(text, document))
}

/// Shows the notice that is due, and remembers it; says who showed it.
pub(super) fn tell(
    context: &Context,
    session: &Session,
    comparison: &Comparison,
) -> Result<(Option<Notice>, Option<&'static str>), Failure> {
    let failed = |error: std::io::Error| {
        let values = [("path", &*session.state.display().to_string()), ("reason", &error.to_string())];
        Failure::new(exit::FAILED, "file_unusable", fill(&gettext("{path}: {reason}"), &values))
    };
    let unfinished = Unfinished::read(session.host.as_ref(), &session.state, &comparison.system);
    let notice = notice::due(&session.state, comparison, &unfinished).map_err(failed)?;
    if context.globals.dry_run {
        return Ok((notice, None));
    }
    let shown_by = match &notice {
        None => None,
        Some(notice) => Some(show(notice).map_err(|error| {
            let values = [("reason", &*error)];
            Failure::new(
                exit::FAILED,
                "not_shown",
                fill(&gettext("the notification could not be shown: {reason}"), &values),
            )
        })?),
    };
    notice::remember(&session.state, comparison, &unfinished).map_err(failed)?;
    Ok((notice, shown_by))
}

fn show(notice: &Notice) -> Result<&'static str, String> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let bus = zbus::Connection::session().await.map_err(|error| error.to_string())?;
        match by_window(&bus, notice).await {
            Ok(()) => Ok("window"),
            // Not installed, or it could not be started: the desktop can still say it.
            Err(_) => by_desktop(&bus, notice).await.map(|()| "desktop").map_err(|error| error.to_string()),
        }
    })
}

async fn by_window(bus: &zbus::Connection, notice: &Notice) -> zbus::Result<()> {
    let text = json!(notice).to_string();
    let nothing: HashMap<&str, Variant<'_>> = HashMap::new();
    let body = ("notify-drift", vec![Variant::from(text)], nothing);
    bus.call_method(Some(WINDOW), "/org/bkt/Bucket", Some("org.freedesktop.Application"), "ActivateAction", &body)
        .await
        .map(|_| ())
}

async fn by_desktop(bus: &zbus::Connection, notice: &Notice) -> zbus::Result<()> {
    let hints = HashMap::from([("desktop-entry", Variant::from(WINDOW))]);
    let actions: Vec<&str> = Vec::new();
    let body = ("Bucket", 0_u32, WINDOW, notice.title.as_str(), notice.body.as_str(), actions, hints, -1_i32);
    bus.call_method(Some(DESKTOP), "/org/freedesktop/Notifications", Some(DESKTOP), "Notify", &body).await.map(|_| ())
}
