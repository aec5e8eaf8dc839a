// SPDX-License-Identifier: GPL-3.0-or-later
//! How many calls may be in flight, per user and in all.
//!
//! Invariant: a slot is given back when its [`Slot`] is dropped, however the call ends; counting comes
//! before polkit is asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bkt_helper_api::Error;
use tokio::sync::watch;

/// What a call does while it is in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Ordinary calls, which may wait for a dialog.
    Call,
    /// Waiting for a job's events.
    Wait,
}

/// Calls in flight in all.
const TOTAL: usize = 64;

impl Kind {
    const fn limit(self) -> usize {
        match self {
            Self::Call => 4,
            Self::Wait => 16,
        }
    }
}

#[derive(Debug, Default)]
struct Counts {
    total: usize,
    users: HashMap<(u32, Kind), usize>,
}

/// Counts calls in flight.
#[derive(Debug, Clone)]
pub struct Quota {
    counts: Arc<Mutex<Counts>>,
    in_flight: watch::Sender<usize>,
}

impl Default for Quota {
    fn default() -> Self {
        Self { counts: Arc::default(), in_flight: watch::Sender::new(0) }
    }
}

impl Quota {
    /// Takes a place among all calls, before it is known whose call it is.
    ///
    /// # Errors
    /// There are too many.
    pub fn enter(&self) -> Result<Slot, Error> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.total >= TOTAL {
            return Err(Error::LimitsExceeded("the helper has too many calls to answer; try again later".to_owned()));
        }
        counts.total += 1;
        self.in_flight.send_replace(counts.total);
        Ok(Slot { quota: self.clone(), user: None })
    }

    /// How many calls are in flight, as it changes.
    #[must_use]
    pub fn in_flight(&self) -> watch::Receiver<usize> {
        self.in_flight.subscribe()
    }
}

/// A call in flight.
#[derive(Debug)]
#[must_use]
pub struct Slot {
    quota: Quota,
    user: Option<(u32, Kind)>,
}

impl Slot {
    /// Counts the call for its user.
    ///
    /// # Errors
    /// This user has too many.
    pub fn of(mut self, uid: u32, kind: Kind) -> Result<Self, Error> {
        {
            let mut counts = self.quota.counts.lock().unwrap_or_else(PoisonError::into_inner);
            let count = counts.users.entry((uid, kind)).or_default();
            if *count >= kind.limit() {
                return Err(Error::LimitsExceeded("too many of your calls are waiting; end one first".to_owned()));
            }
            *count += 1;
        }
        self.user = Some((uid, kind));
        Ok(self)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut counts = self.quota.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.total -= 1;
        if let Some(user) = self.user
            && let Some(count) = counts.users.get_mut(&user)
        {
            *count -= 1;
            if *count == 0 {
                counts.users.remove(&user);
            }
        }
        self.quota.in_flight.send_replace(counts.total);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifth_call_of_one_user_is_refused_and_others_are_not() {
        let quota = Quota::default();
        let slots: Vec<Slot> = (0..4).map(|_| quota.enter().unwrap().of(1000, Kind::Call).unwrap()).collect();
        assert!(matches!(quota.enter().unwrap().of(1000, Kind::Call), Err(Error::LimitsExceeded(_))));
        assert!(quota.enter().unwrap().of(1000, Kind::Wait).is_ok());
        assert!(quota.enter().unwrap().of(1001, Kind::Call).is_ok());
        drop(slots);
        assert!(quota.enter().unwrap().of(1000, Kind::Call).is_ok());
        assert_eq!(*quota.in_flight().borrow(), 0);
    }

    #[test]
    fn all_users_together_have_a_limit() {
        let quota = Quota::default();
        let slots: Vec<Slot> = (0..64).map(|_| quota.enter().unwrap()).collect();
        assert!(matches!(quota.enter(), Err(Error::LimitsExceeded(_))));
        drop(slots);
        assert!(quota.enter().is_ok());
    }
}
