// SPDX-License-Identifier: GPL-3.0-or-later
//! A polkit that answers as the test says and remembers what it was asked.

use std::collections::HashMap;
use std::sync::Mutex;

use tokio::sync::Notify;
use zbus::OwnedVariant;
use zbus_polkit::policykit1::AuthorizationResult;

/// What polkit answers to every action without an answer of its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Answer {
    #[default]
    No,
    Yes,
    /// A dialog would be needed, and nobody can show one.
    NoAgent,
    /// A dialog that is answered with yes at once.
    Agrees,
    /// A dialog that waits until [`Policy::release`], then yes.
    Waits,
    /// A dialog that waits until [`Policy::release`], then no.
    Declines,
    /// No answer at all until [`Policy::release`], not even without a dialog.
    Hangs,
}

/// Action, whether with a dialog, and the details of a question.
type Question = (String, bool, HashMap<String, String>);

#[derive(Debug, Default)]
pub(crate) struct Policy {
    answers: Mutex<HashMap<String, Answer>>,
    pub(crate) asked: Mutex<Vec<Question>>,
    pub(crate) cancelled: Mutex<Vec<String>>,
    pub(crate) release: Notify,
    pub(crate) shown: Notify,
}

impl Policy {
    /// Sets the answer for one action, or with `*` for all others.
    pub(crate) fn set(&self, action: &str, answer: Answer) {
        self.answers.lock().unwrap().insert(action.to_owned(), answer);
    }

    pub(crate) fn dialogs(&self) -> Vec<(String, HashMap<String, String>)> {
        let asked = self.asked.lock().unwrap();
        asked
            .iter()
            .filter(|(_, dialog, _)| *dialog)
            .map(|(action, _, shown)| (action.clone(), shown.clone()))
            .collect()
    }

    fn answer(&self, action: &str) -> Answer {
        let answers = self.answers.lock().unwrap();
        answers.get(action).or_else(|| answers.get("*")).copied().unwrap_or_default()
    }
}

pub(crate) struct Authority(pub(crate) std::sync::Arc<Policy>);

#[zbus::interface(name = "org.freedesktop.PolicyKit1.Authority")]
impl Authority {
    async fn check_authorization(
        &self,
        subject: (String, HashMap<String, OwnedVariant>),
        action: String,
        details: HashMap<String, String>,
        flags: u32,
        cancellation: String,
    ) -> (AuthorizationResult,) {
        assert_eq!(subject.0, "system-bus-name");
        let dialog = flags & 1 == 1;
        assert_eq!(cancellation.is_empty(), !dialog, "only a dialog can be taken down");
        self.0.asked.lock().unwrap().push((action.clone(), dialog, details));
        let answer = self.0.answer(&action);
        if answer == Answer::Hangs || (matches!(answer, Answer::Waits | Answer::Declines) && dialog) {
            self.0.shown.notify_one();
            self.0.release.notified().await;
        }
        let is_authorized = match answer {
            Answer::No | Answer::NoAgent | Answer::Declines => false,
            Answer::Yes | Answer::Hangs => true,
            Answer::Agrees | Answer::Waits => dialog,
        };
        let is_challenge = !is_authorized && answer != Answer::No;
        (AuthorizationResult { is_authorized, is_challenge, details: HashMap::new() },)
    }

    async fn cancel_check_authorization(&self, cancellation: String) {
        self.0.cancelled.lock().unwrap().push(cancellation);
        self.0.shown.notify_one();
    }
}
