// SPDX-License-Identifier: GPL-3.0-or-later
//! The one place where permission is given.
//!
//! The plan as a whole and each kind of power in it are checked without a dialog first, so that an
//! administrator can forbid or allow one kind by a rule. Nothing runs without a dialog unless all of them are
//! allowed. Only if none is forbidden and the caller allows it, one dialog asks for the whole plan; where a
//! rule already allows the whole, the kinds it does not allow are asked for by their own actions.
//!
//! Invariant: [`Authorized`] is made only here, from an immutable plan whose hash was compared; every
//! error, missing answer and vanished caller is a no.

mod polkit;
pub mod surface;

pub(crate) use polkit::next;

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use bkt_core::describe;
use bkt_core::plan::Plan;
use bkt_helper_api::{Error, action};
use zbus::fdo::DBusProxy;
use zbus::names::BusName;

use crate::actions;
use crate::caller::Caller;
use crate::journal::{self, Entry};
use polkit::Polkit;

/// What polkit says of one action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Allowed.
    Yes,
    /// Allowed after a dialog.
    Challenge,
    /// Not allowed.
    No,
}

/// What follows from polkit's verdicts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Run it.
    Go,
    /// Ask the person for these actions; every one needs a yes.
    Ask(Vec<&'static str>),
    /// Asking would be needed, and the caller did not allow it.
    NeedsInteraction,
    /// Refuse.
    Refuse,
}

/// Decides from the verdicts on the plan as a whole and on each kind of power it uses.
#[must_use]
pub fn decide(whole: Verdict, kinds: &[(&'static str, Verdict)], interactive: bool) -> Decision {
    let forbidden = |verdict: Verdict| verdict == Verdict::No;
    if kinds.is_empty() || forbidden(whole) || kinds.iter().any(|(_, verdict)| forbidden(*verdict)) {
        return Decision::Refuse;
    }
    let open: Vec<_> = kinds.iter().filter(|(_, verdict)| *verdict != Verdict::Yes).map(|(kind, _)| *kind).collect();
    match (whole, interactive) {
        (Verdict::Yes, _) if open.is_empty() => Decision::Go,
        (_, false) => Decision::NeedsInteraction,
        (Verdict::Yes, true) => Decision::Ask(open),
        (_, true) => Decision::Ask(vec![action::APPLY_PLAN]),
    }
}

/// Whether what was asked still suffices, now that the dialog is closed.
fn suffices(asked: &[&str], now: &Decision) -> bool {
    match now {
        Decision::Go => true,
        Decision::Ask(open) => {
            asked.contains(&action::APPLY_PLAN) || open.iter().all(|question| asked.contains(question))
        }
        Decision::NeedsInteraction | Decision::Refuse => false,
    }
}

/// Something a caller is allowed to have done.
#[derive(Debug)]
#[must_use]
pub struct Authorized<T> {
    value: T,
    sha256: String,
    uid: u32,
    actions: Vec<String>,
}

impl<T> Authorized<T> {
    /// What is allowed.
    pub const fn value(&self) -> &T {
        &self.value
    }

    /// Its hash.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Who asked.
    #[must_use]
    pub const fn uid(&self) -> u32 {
        self.uid
    }

    /// The polkit actions this rests on.
    #[must_use]
    pub fn actions(&self) -> &[String] {
        &self.actions
    }
}

/// Asks polkit.
#[derive(Debug)]
pub struct Gate {
    polkit: Polkit,
    bus: DBusProxy<'static>,
    asking: Mutex<HashSet<u32>>,
}

fn refused() -> Error {
    Error::NotAuthorized("administrator permission was not given".to_owned())
}

impl Gate {
    /// A gate on this connection.
    ///
    /// # Errors
    /// The connection is unusable.
    pub async fn new(connection: &zbus::Connection, bus: DBusProxy<'static>) -> zbus::Result<Self> {
        Ok(Self { polkit: Polkit::new(connection).await?, bus, asking: Mutex::default() })
    }

    /// Gives or refuses permission for a plan of this hash.
    ///
    /// # Errors
    /// Permission is refused, or needs a dialog that the caller did not allow.
    pub async fn authorize(&self, caller: &Caller, plan: Plan, sha256: &str) -> Result<Authorized<Plan>, Error> {
        if plan.sha256() != sha256 {
            return Err(Error::InvalidPlan("the plan is not the one that was reviewed".to_owned()));
        }
        let needed = actions::needed(&plan);
        let result = self.permitted(caller, &plan, needed.iter().copied().collect()).await;
        let said = match &result {
            Ok(()) => "authorized",
            Err(Error::InteractionRequired(_)) => "needs interaction",
            Err(_) => "denied",
        };
        journal::say(
            &Entry::new(journal::AUTHORIZATION, format!("Plan {} of user {}: {said}", plan.short(), caller.uid))
                .with("PLAN_HASH", sha256)
                .with("CALLER_UID", caller.uid)
                .with("CALLER_NAME", caller.name.as_str())
                .with("POLKIT_ACTIONS", needed.iter().copied().collect::<Vec<_>>().join(","))
                .with("RESULT", said),
        );
        result?;
        Ok(Authorized {
            value: plan,
            sha256: sha256.to_owned(),
            uid: caller.uid,
            actions: needed.into_iter().map(str::to_owned).collect(),
        })
    }

    async fn permitted(&self, caller: &Caller, plan: &Plan, needed: Vec<&'static str>) -> Result<(), Error> {
        match self.survey(caller, &needed).await {
            Decision::Refuse => Err(refused()),
            Decision::Go => self.still_there(caller).await,
            Decision::NeedsInteraction => {
                Err(Error::InteractionRequired("this plan needs an administrator’s permission".to_owned()))
            }
            Decision::Ask(questions) => {
                let _one = Asking::begin(&self.asking, caller.uid)?;
                let details = [("summary", describe::admin_summary(plan)), ("short", plan.short())];
                for question in &questions {
                    if !self.polkit.ask(caller, question, &details, &self.bus).await {
                        return Err(refused());
                    }
                }
                // The dialog may have been open for minutes: the rules may have changed meanwhile.
                if !suffices(&questions, &self.survey(caller, &needed).await) {
                    return Err(refused());
                }
                self.still_there(caller).await
            }
        }
    }

    /// All verdicts without a dialog.
    async fn survey(&self, caller: &Caller, needed: &[&'static str]) -> Decision {
        let whole = self.polkit.verdict(caller, action::APPLY_PLAN).await;
        let mut kinds = Vec::with_capacity(needed.len());
        for kind in needed {
            kinds.push((*kind, self.polkit.verdict(caller, kind).await));
        }
        decide(whole, &kinds, caller.interactive)
    }

    async fn still_there(&self, caller: &Caller) -> Result<(), Error> {
        match self.bus.name_has_owner(BusName::from(caller.name.as_ref())).await {
            Ok(true) => Ok(()),
            _ => Err(refused()),
        }
    }

    /// Gives or refuses permission for one action that is about someone else's job.
    ///
    /// # Errors
    /// Permission is refused, or needs a dialog that the caller did not allow.
    pub async fn may(&self, caller: &Caller, action: &str) -> Result<(), Error> {
        match self.polkit.verdict(caller, action).await {
            Verdict::Yes => self.still_there(caller).await,
            Verdict::Challenge if caller.interactive => {
                let _one = Asking::begin(&self.asking, caller.uid)?;
                if !self.polkit.ask(caller, action, &[], &self.bus).await {
                    return Err(refused());
                }
                self.still_there(caller).await
            }
            Verdict::Challenge => {
                Err(Error::InteractionRequired("another user’s job needs an administrator’s permission".to_owned()))
            }
            Verdict::No => Err(refused()),
        }
    }
}

/// Marks that a user has a dialog open: one at a time.
struct Asking<'g> {
    set: &'g Mutex<HashSet<u32>>,
    uid: u32,
}

impl<'g> Asking<'g> {
    fn begin(set: &'g Mutex<HashSet<u32>>, uid: u32) -> Result<Self, Error> {
        if set.lock().unwrap_or_else(PoisonError::into_inner).insert(uid) {
            return Ok(Self { set, uid });
        }
        Err(Error::Busy("a plan of yours already waits for permission; answer that first".to_owned()))
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.set.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.uid);
    }
}

#[cfg(test)]
mod tests {
    use super::Decision::{Ask, Go, NeedsInteraction, Refuse};
    use super::Verdict::{Challenge, No, Yes};
    use super::action::{APPLY_PLAN, BOOT_ARGUMENTS, PACKAGES_INSTALL};
    use super::*;

    #[test]
    fn every_combination_of_verdicts_is_decided() {
        for (whole, install, boot, with_dialog) in [
            (Yes, Yes, Yes, Go),
            (Yes, Yes, Challenge, Ask(vec![BOOT_ARGUMENTS])),
            (Yes, Challenge, Challenge, Ask(vec![PACKAGES_INSTALL, BOOT_ARGUMENTS])),
            (Challenge, Yes, Yes, Ask(vec![APPLY_PLAN])),
            (Challenge, Yes, Challenge, Ask(vec![APPLY_PLAN])),
            (Challenge, Challenge, Challenge, Ask(vec![APPLY_PLAN])),
            (Challenge, Yes, No, Refuse),
            (Yes, Yes, No, Refuse),
            (No, Yes, Yes, Refuse),
        ] {
            let kinds = [(PACKAGES_INSTALL, install), (BOOT_ARGUMENTS, boot)];
            let without = match &with_dialog {
                Ask(_) => NeedsInteraction,
                other => other.clone(),
            };
            assert_eq!(decide(whole, &kinds, true), with_dialog, "{whole:?} {kinds:?}");
            assert_eq!(decide(whole, &kinds, false), without, "{whole:?} {kinds:?}");
        }
        assert_eq!(decide(Yes, &[], true), Refuse);
    }

    #[test]
    fn an_answer_holds_only_for_what_was_asked() {
        assert!(suffices(&[APPLY_PLAN], &Ask(vec![APPLY_PLAN])));
        assert!(suffices(&[APPLY_PLAN], &Ask(vec![BOOT_ARGUMENTS])));
        assert!(suffices(&[BOOT_ARGUMENTS], &Ask(vec![BOOT_ARGUMENTS])));
        assert!(suffices(&[BOOT_ARGUMENTS], &Go));
        assert!(!suffices(&[BOOT_ARGUMENTS], &Ask(vec![APPLY_PLAN])));
        assert!(!suffices(&[BOOT_ARGUMENTS], &Ask(vec![BOOT_ARGUMENTS, PACKAGES_INSTALL])));
        assert!(!suffices(&[APPLY_PLAN], &Refuse));
    }

    #[test]
    fn a_user_has_one_dialog_at_a_time() {
        let set = Mutex::default();
        let one = Asking::begin(&set, 1000).unwrap();
        assert!(Asking::begin(&set, 1000).is_err());
        assert!(Asking::begin(&set, 1001).is_ok());
        drop(one);
        assert!(Asking::begin(&set, 1000).is_ok());
    }
}
