// SPDX-License-Identifier: GPL-3.0-or-later
//! What happens while polkit asks: a second call, another plan, a changed one, a stop, a caller or a polkit that
//! goes, a rule that changes. In random order, before the answer and together with it; the order is printed when
//! it ends badly.
//!
//! Invariant: at most the plan that was shown runs, once, and only after a yes that still held.

use std::collections::HashMap;

use bkt_core::plan::Plan;
use bkt_helper_api::{BUS_NAME, Error, HelperProxy, JOB_PREFIX, action};
use zbus::Connection;
use zbus::wire::OwnedObjectPath;

use crate::lab::{Lab, install};
use crate::polkit::Answer;

/// How many orders are tried; `BKT_RACES` says otherwise.
const ROUNDS: u64 = 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    /// The same plan again, on the same connection.
    Again,
    /// Another plan, on a connection of its own.
    Other,
    /// Another plan under the hash of the one that is shown.
    Changed,
    /// A job that is not there is asked to stop.
    Stop,
    /// A rule forbids the kind of power.
    Forbid,
    /// A rule forbids the plan as a whole.
    ForbidPlan,
    /// polkit leaves the bus.
    NoPolkit,
    /// The caller does.
    Vanish,
}

impl Event {
    const ALL: [Self; 8] = [
        Self::Again,
        Self::Other,
        Self::Changed,
        Self::Stop,
        Self::Forbid,
        Self::ForbidPlan,
        Self::NoPolkit,
        Self::Vanish,
    ];

    /// Whether nothing may run any more once this was before the answer.
    fn ends_it(self) -> bool {
        matches!(self, Self::Forbid | Self::ForbidPlan | Self::NoPolkit | Self::Vanish)
    }

    async fn happens(self, lab: &Lab, client: &Connection, shown: &Plan) {
        let other = install("nano");
        match self {
            Self::Again => refused(apply(client, &shown.to_bytes(), &shown.sha256()).await, self),
            Self::Other => refused(apply(&lab.connect().await, &other.to_bytes(), &other.sha256()).await, self),
            Self::Changed => refused(apply(client, &other.to_bytes(), &shown.sha256()).await, self),
            Self::Stop => {
                let job = format!("{JOB_PREFIX}/{}", "0".repeat(32));
                let interface = Some("org.bkt.Helper1.Job");
                assert!(client.call_method(Some(BUS_NAME), job, interface, "Cancel", &()).await.is_err());
            }
            Self::Forbid => lab.policy.set(action::PACKAGES_INSTALL, Answer::No),
            Self::ForbidPlan => lab.policy.set(action::APPLY_PLAN, Answer::No),
            // It may have gone already.
            Self::NoPolkit => drop(lab.authority.release_name("org.freedesktop.PolicyKit1").await),
            Self::Vanish => drop(client.clone().close().await),
        }
    }
}

fn refused(result: Result<OwnedObjectPath, Error>, event: Event) {
    // A caller who is gone gets no answer, and where polkit is, that is the answer.
    let is_right =
        matches!(result, Err(Error::Busy(_) | Error::InvalidPlan(_) | Error::NotAuthorized(_) | Error::ZBus(_)));
    assert!(is_right, "{event:?}: {result:?}");
}

async fn apply(client: &Connection, plan: &[u8], sha256: &str) -> Result<OwnedObjectPath, Error> {
    HelperProxy::new(client).await?.apply(plan, sha256, HashMap::new()).await
}

/// A small generator (splitmix64): the same orders on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % limit as u64).unwrap()
    }
}

/// Tells whether the plan ran.
async fn round(seed: u64) -> bool {
    let mut random = Random(seed);
    let (lab, _broker, client) = Lab::start().await;
    let agrees = random.below(4) > 0;
    lab.policy.set("*", if agrees { Answer::Waits } else { Answer::Declines });
    let shown = install("htop");
    let call = tokio::spawn({
        let (client, shown) = (client.clone(), shown.clone());
        async move { apply(&client, &shown.to_bytes(), &shown.sha256()).await }
    });
    lab.policy.shown.notified().await;
    let mut before: Vec<Event> = (0..random.below(5)).map(|_| Event::ALL[random.below(8)]).collect();
    // Once the dialog is taken down, a plan may be asked for again: that is another story.
    if let Some(end) = before.iter().position(|event| *event == Event::Vanish) {
        before.truncate(end + 1);
    }
    let (during, order) = (Event::ALL[3 + random.below(5)], random.below(2));
    for event in &before {
        event.happens(&lab, &client, &shown).await;
    }
    if order == 0 {
        lab.policy.release.notify_one();
        during.happens(&lab, &client, &shown).await;
    } else {
        let answer = async { lab.policy.release.notify_one() };
        tokio::join!(during.happens(&lab, &client, &shown), answer);
    }
    let result = call.await.unwrap();
    let units = lab.started.units().len();
    let story =
        format!("seed {seed}: yes {agrees}, {before:?}, then {during:?} with the answer: {result:?}, {units} started");
    if !agrees || before.iter().any(|event| event.ends_it()) {
        assert!(result.is_err() && units == 0, "{story}");
    }
    // The caller may vanish after the yes, so an error alone does not say that nothing runs.
    assert!(units <= 1 && (result.is_err() || units == 1), "{story}");
    let jobs = lab.store().list().unwrap();
    assert_eq!(jobs.len(), units, "{story}");
    assert!(jobs.iter().all(|(id, _)| lab.store().plan(id).unwrap().into_bytes() == shown.to_bytes()), "{story}");
    assert!(lab.policy.dialogs().iter().all(|(_, said)| said["short"] == shown.short()), "{story}");
    units == 1
}

#[tokio::test]
async fn whatever_happens_while_polkit_asks_only_what_was_shown_runs() {
    #[expect(clippy::disallowed_methods, reason = "how long a test runs")]
    let rounds = std::env::var("BKT_RACES").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let mut ran = 0;
    for seed in 0..rounds {
        ran += u64::from(round(seed).await);
    }
    assert!(0 < ran && ran < rounds, "some of {rounds} run and some do not: {ran}");
    println!("{rounds} orders, {ran} of them ran what was shown");
}
