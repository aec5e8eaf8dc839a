// SPDX-License-Identifier: GPL-3.0-or-later
//! Who is asking.
//!
//! Invariant: a caller is made from the message's sender and the bus's own credentials for that connection,
//! never from anything a client says; if either cannot be learnt, there is no caller.

use bkt_helper_api::Error;
use zbus::fdo::DBusProxy;
use zbus::message::{Flags, Header};
use zbus::names::{BusName, OwnedUniqueName};
use zbus_polkit::policykit1::Subject;

/// The sender of a call.
#[derive(Debug)]
pub struct Caller {
    /// Its connection to the bus.
    pub name: OwnedUniqueName,
    /// Its user.
    pub uid: u32,
    /// The same as polkit wants it.
    pub subject: Subject,
    /// Whether it allows a dialog.
    pub interactive: bool,
}

fn unknown() -> Error {
    Error::NotAuthorized("the caller could not be identified".to_owned())
}

impl Caller {
    /// The sender of a message.
    ///
    /// # Errors
    /// The bus does not know it, or no longer.
    pub async fn of(bus: &DBusProxy<'static>, header: &Header<'_>) -> Result<Self, Error> {
        let sender = header.sender().ok_or_else(unknown)?;
        let subject = Subject::new_for_message_header(header).map_err(|_| unknown())?;
        let credentials = bus.get_connection_credentials(BusName::from(sender.clone())).await.map_err(|_| unknown())?;
        let uid = credentials.unix_user_id().ok_or_else(unknown)?;
        let interactive = header.primary().flags().contains(Flags::ALLOW_INTERACTIVE_AUTH);
        Ok(Self { name: sender.to_owned().into(), uid, subject, interactive })
    }

    /// Whether this caller may see a job of `uid`: the owner and root may.
    #[must_use]
    pub const fn may_see(&self, uid: u32) -> bool {
        self.uid == uid || self.uid == 0
    }
}
