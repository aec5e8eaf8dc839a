// SPDX-License-Identifier: GPL-3.0-or-later
//! The client of the command line and the window, with the real broker and with one that is restarted.

use std::collections::HashMap;
use std::future::pending;
use std::sync::atomic::{AtomicU32, Ordering};

use bkt_core::files;
use bkt_core::run::{AdministratorError, StepState};
use bkt_helper::job::State;
use bkt_helper_api::{BUS_NAME, JOB_PREFIX, OBJECT_PATH};
use bkt_helper_client::Client;
use zbus::OwnedVariant;
use zbus::wire::OwnedObjectPath;

use crate::lab::{Lab, install};
use crate::polkit::Answer;
use crate::systemd::ended;

const DONE: &str = r#"{"type":"operation","n":1,"item":"pkg:htop","state":"done"}"#;

#[tokio::test]
async fn a_plan_ends_in_results() {
    let (lab, _broker, client) = Lab::start().await;
    lab.policy.set("*", Answer::Yes);
    let plan = install("htop");
    let job = Client::on(client).submit(&plan).await.unwrap();
    let (id, mut record) = lab.store().list().unwrap().remove(0);
    let events = format!("{{\"type\":\"from the future\"}}\n{DONE}\n{DONE}\n");
    files::replace(&lab.store().events(&id), events.as_bytes()).unwrap();
    record.state = State::Done;
    lab.store().write(&id, &record).unwrap();
    ended(&lab.manager, &format!("bkt-executor@{id}.service")).await;
    let mut seen = 0;
    let results = job.follow(pending(), &mut |_| seen += 1).await;
    assert_eq!((results.len(), results[0].n, results[0].state, seen), (1, 1, StepState::Done, 1));
}

#[tokio::test]
async fn a_refused_plan_is_an_error() {
    let (lab, _broker, client) = Lab::start().await;
    let plan = install("htop");
    assert_eq!(Client::on(client).submit(&plan).await.unwrap_err(), AdministratorError::NotAuthorized);
    lab.nothing_happened();
    let lab = Lab::without_broker().await;
    let missing = Client::on(lab.connect().await).submit(&plan).await.unwrap_err();
    assert_eq!(missing, AdministratorError::Unavailable);
}

#[tokio::test]
async fn a_job_is_asked_to_stop_and_still_followed() {
    let (lab, _broker, client) = Lab::start().await;
    lab.policy.set("*", Answer::Yes);
    let plan = install("htop");
    let job = Client::on(client).submit(&plan).await.unwrap();
    let (id, _) = lab.store().list().unwrap().remove(0);
    let request = lab.store().stop_request(&id);
    let unit = format!("bkt-executor@{id}.service");
    let mut events = |_: &_| {};
    let (results, ()) = tokio::join!(job.follow(async {}, &mut events), async {
        while !request.exists() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        ended(&lab.manager, &unit).await;
    });
    assert_eq!(results[0].state, StepState::Skipped, "the executor never came: {results:?}");
}

/// A helper whose answers get lost.
struct Restarted;
struct RestartedJob(AtomicU32);

#[zbus::interface(name = "org.bkt.Helper1")]
impl Restarted {
    async fn apply(&self, plan: Vec<u8>, sha256: String, options: HashMap<String, OwnedVariant>) -> OwnedObjectPath {
        assert!(!plan.is_empty() && sha256.len() == 64 && options.is_empty());
        OwnedObjectPath::try_from(format!("{JOB_PREFIX}/1")).unwrap()
    }
}

#[zbus::interface(name = "org.bkt.Helper1.Job")]
impl RestartedJob {
    #[zbus(out_args("events", "next", "ended"))]
    async fn events(&self, from: u32) -> zbus::fdo::Result<(Vec<String>, u32, bool)> {
        match self.0.fetch_add(1, Ordering::SeqCst) {
            0 | 2 => Err(zbus::fdo::Error::NoReply("the helper was restarted".to_owned())),
            1 => Ok((vec![DONE.to_owned()], 1, false)),
            3 => Ok((Vec::new(), from, true)),
            _ => Err(zbus::fdo::Error::Failed("asked after the end".to_owned())),
        }
    }
}

#[tokio::test]
async fn a_restarted_helper_is_asked_on() {
    let lab = Lab::without_broker().await;
    let helper = lab.connect().await;
    helper.object_server().at(OBJECT_PATH, Restarted).await.unwrap();
    helper.object_server().at(format!("{JOB_PREFIX}/1"), RestartedJob(AtomicU32::new(0))).await.unwrap();
    helper.request_name(BUS_NAME).await.unwrap();
    let plan = install("htop");
    let job = Client::on(lab.connect().await).submit(&plan).await.unwrap();
    let results = job.follow(pending(), &mut |_| {}).await;
    assert_eq!((results.len(), results[0].state), (1, StepState::Done));
}

#[tokio::test]
async fn a_helper_that_stays_away_leaves_no_step_without_a_result() {
    let lab = Lab::without_broker().await;
    let helper = lab.connect().await;
    helper.object_server().at(OBJECT_PATH, Restarted).await.unwrap();
    helper.request_name(BUS_NAME).await.unwrap();
    let plan = install("htop");
    let job = Client::on(lab.connect().await).submit(&plan).await.unwrap();
    helper.release_name(BUS_NAME).await.unwrap();
    let results = job.follow(pending(), &mut |_| {}).await;
    assert_eq!((results.len(), results[0].state), (1, StepState::Failed));
    assert_eq!(results[0].problem.as_ref().unwrap().code, "helper_failed");
}
