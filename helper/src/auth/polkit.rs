// SPDX-License-Identifier: GPL-3.0-or-later
//! Talking to polkit.
//!
//! Invariant: whatever is not a clear yes of polkit is a no; a dialog is taken down when its time is up or
//! the caller is gone.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::time::Duration;

use futures_core::Stream;
use zbus::fdo::DBusProxy;
use zbus_polkit::policykit1::{AuthorityProxy, CheckAuthorizationFlags};

use super::Verdict;
use crate::caller::Caller;
use crate::job::random_hex;

/// How long a dialog may stay open.
const DIALOG: Duration = Duration::from_secs(5 * 60);
/// How long polkit may take to answer without one.
const ANSWER: Duration = Duration::from_secs(10);
/// What the dialog says; polkit fills in the values in the person's language.
const MESSAGE: &str = "Bucket wants to change this computer: $(summary) (plan $(short))";

/// The connection to polkit.
#[derive(Debug)]
pub(super) struct Polkit {
    authority: AuthorityProxy<'static>,
}

impl Polkit {
    pub(super) async fn new(connection: &zbus::Connection) -> zbus::Result<Self> {
        let authority =
            AuthorityProxy::builder(connection).cache_properties(zbus::proxy::CacheProperties::No).build().await?;
        Ok(Self { authority })
    }

    /// The verdict on one action, without a dialog.
    pub(super) async fn verdict(&self, caller: &Caller, action: &str) -> Verdict {
        let details = HashMap::new();
        let check =
            self.authority.check_authorization(&caller.subject, action, &details, CheckAuthorizationFlags::empty(), "");
        match tokio::time::timeout(ANSWER, check).await {
            Ok(Ok(result)) if result.is_authorized => Verdict::Yes,
            Ok(Ok(result)) if result.is_challenge => Verdict::Challenge,
            _ => Verdict::No,
        }
    }

    /// Asks the person and tells whether the answer was yes.
    pub(super) async fn ask(
        &self,
        caller: &Caller,
        action: &str,
        details: &[(&str, String)],
        bus: &DBusProxy<'static>,
    ) -> bool {
        let Ok(cancellation) = random_hex() else { return false };
        let Ok(gone) = bus.receive_name_owner_changed_with_args(&[(0, caller.name.as_str())]).await else {
            return false;
        };
        let mut shown: HashMap<&str, &str> = details.iter().map(|(key, value)| (*key, value.as_str())).collect();
        if !shown.is_empty() {
            shown.insert("polkit.message", MESSAGE);
            shown.insert("polkit.gettext_domain", "bkt");
        }
        let check = self.authority.check_authorization(
            &caller.subject,
            action,
            &shown,
            CheckAuthorizationFlags::ALLOW_USER_INTERACTION,
            &cancellation,
        );
        let mut gone = pin!(gone);
        let answer = tokio::select! {
            answer = check => Some(answer),
            () = tokio::time::sleep(DIALOG) => None,
            _ = next(gone.as_mut()) => None,
        };
        match answer {
            Some(answer) => answer.is_ok_and(|result| result.is_authorized),
            None => {
                // The answer stays no, whether or not the dialog can be taken down.
                let _ = self.authority.cancel_check_authorization(&cancellation).await;
                false
            }
        }
    }
}

/// The next item of a stream.
pub(crate) async fn next<S: Stream>(mut stream: Pin<&mut S>) -> Option<S::Item> {
    poll_fn(|context| stream.as_mut().poll_next(context)).await
}
