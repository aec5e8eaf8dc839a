// SPDX-License-Identifier: GPL-3.0-or-later
//! Jobs: joined, followed from any event, settled when their executor ends, explained after a crash.

use std::collections::HashMap;
use std::pin::Pin;
use std::time::Duration;

use bkt_core::files;
use bkt_helper::broker::idle;
use bkt_helper::broker::upgrade::Program;
use bkt_helper::job::State;
use bkt_helper_api::{BUS_NAME, Error, HelperProxy, JobProxy, follow_job};
use futures_core::Stream;

use crate::lab::{Lab, install};
use crate::polkit::Answer;
use crate::systemd::ended;

const EVENTS: &str = concat!(
    r#"{"type":"operation","n":1,"item":"pkg:htop","state":"running"}"#,
    "\n",
    r#"{"type":"operation","n":1,"item":"pkg:htop","state":"done"}"#,
    "\n",
    r#"{"type":"end","done":1,"failed":0,"skipped":0,"waiting":0,"restart_required":false}"#,
    "\n"
);

#[tokio::test]
async fn a_job_is_joined_followed_and_remembered() {
    let (lab, _broker, client) = Lab::start().await;
    lab.policy.set("*", Answer::Yes);
    let helper = HelperProxy::new(&client).await.unwrap();
    let plan = install("htop");
    let path = helper.apply(&plan.to_bytes(), &plan.sha256(), HashMap::new()).await.unwrap();
    let again = helper.apply(&plan.to_bytes(), &plan.sha256(), HashMap::new()).await.unwrap();
    assert_eq!(path, again);
    let other = install("nano");
    let refused = helper.apply(&other.to_bytes(), &other.sha256(), HashMap::new()).await;
    assert!(matches!(refused, Err(Error::Busy(_))));

    let store = lab.store();
    let (id, mut record) = store.list().unwrap().remove(0);
    assert_eq!(lab.started.units(), [format!("bkt-executor@{id}.service")]);
    assert_eq!(store.plan(&id).unwrap().into_bytes(), plan.to_bytes());
    let job = JobProxy::builder(&client).path(path.clone()).build().await.unwrap();
    assert_eq!(job.state().await.unwrap(), "running");
    assert_eq!(job.plan_sha256().await.unwrap(), plan.sha256());

    let follower = tokio::spawn({
        let (client, path) = (client.clone(), path.clone());
        async move {
            let mut seen = Vec::new();
            follow_job(&client, path, 0, |event| seen.push(event.to_owned())).await.map(|()| seen)
        }
    });
    files::replace(&store.events(&id), EVENTS.as_bytes()).unwrap();
    record.state = State::Done;
    store.write(&id, &record).unwrap();
    ended(&lab.manager, &format!("bkt-executor@{id}.service")).await;
    assert_eq!(follower.await.unwrap().unwrap(), EVENTS.lines().collect::<Vec<_>>());
    let late = job.events(1).await.unwrap();
    assert_eq!((late.0.len(), late.1, late.2), (2, 3, false));
    assert_eq!(job.events(3).await.unwrap(), (vec![], 3, true));

    let history: serde_json::Value = serde_json::from_str(&helper.history(10).await.unwrap()).unwrap();
    assert_eq!((&history[0]["state"], &history[0]["uid"]), (&"done".into(), &record.uid.into()));
    assert!(helper.apply(&other.to_bytes(), &other.sha256(), HashMap::new()).await.is_ok());
}

#[tokio::test]
async fn an_executor_that_dies_leaves_an_interrupted_job() {
    let (lab, _broker, client) = Lab::start().await;
    lab.policy.set("*", Answer::Yes);
    let helper = HelperProxy::new(&client).await.unwrap();
    let plan = install("htop");
    let path = helper.apply(&plan.to_bytes(), &plan.sha256(), HashMap::new()).await.unwrap();
    let (id, _) = lab.store().list().unwrap().remove(0);
    let begun = EVENTS.lines().next().unwrap();
    files::replace(&lab.store().events(&id), format!("{begun}\n{{\"type\"").as_bytes()).unwrap();
    ended(&lab.manager, &format!("bkt-executor@{id}.service")).await;
    let mut seen = Vec::new();
    follow_job(&client, path, 0, |event| seen.push(event.to_owned())).await.unwrap();
    assert_eq!(seen.len(), 3);
    assert!(seen[1].contains("\"failed\"") && seen[1].contains("interrupted"), "{}", seen[1]);
    let status: serde_json::Value = serde_json::from_str(&helper.status().await.unwrap()).unwrap();
    assert_eq!(status["interrupted"], serde_json::json!([{"id": id.as_str(), "sha256": plan.sha256(), "steps": [1]}]));
}

#[tokio::test]
async fn a_new_broker_explains_what_the_old_one_left() {
    let lab = Lab::without_broker().await;
    lab.policy.set("*", Answer::Yes);
    let plan = install("htop");
    let path = {
        let connection = lab.connect().await;
        let own = lab.connect().await;
        let _broker = bkt_helper::broker::Broker::start(connection.clone(), &own, lab.store()).await.unwrap();
        let client = lab.connect().await;
        let helper = HelperProxy::new(&client).await.unwrap();
        let path = helper.apply(&plan.to_bytes(), &plan.sha256(), HashMap::new()).await.unwrap();
        connection.close().await.unwrap();
        own.close().await.unwrap();
        path
    };
    let _broker = lab.broker().await;
    let client = lab.connect().await;
    let job = JobProxy::builder(&client).path(path).build().await.unwrap();
    assert_eq!(job.state().await.unwrap(), "interrupted");
    let (events, _, _) = job.events(0).await.unwrap();
    assert!(events[0].contains("\"skipped\""), "{events:?}");
}

#[tokio::test]
async fn a_cancelled_job_has_a_request_to_stop() {
    let (lab, _broker, client) = Lab::start().await;
    lab.policy.set("*", Answer::Yes);
    let helper = HelperProxy::new(&client).await.unwrap();
    let plan = install("htop");
    let path = helper.apply(&plan.to_bytes(), &plan.sha256(), HashMap::new()).await.unwrap();
    let (id, _) = lab.store().list().unwrap().remove(0);
    let job = JobProxy::builder(&client).path(path).build().await.unwrap();
    assert!(!lab.store().stop_request(&id).exists());
    job.cancel().await.unwrap();
    job.cancel().await.unwrap();
    assert!(lab.store().stop_request(&id).exists());
}

#[tokio::test]
async fn the_broker_leaves_when_there_is_nothing_to_do_but_not_before() {
    let (lab, broker, client) = Lab::start().await;
    lab.policy.set("*", Answer::Yes);
    let bus = zbus::fdo::DBusProxy::new(&client).await.unwrap();
    let helper = HelperProxy::new(&client).await.unwrap();
    let plan = install("htop");
    helper.apply(&plan.to_bytes(), &plan.sha256(), HashMap::new()).await.unwrap();
    let (id, _) = lab.store().list().unwrap().remove(0);
    let leaving = idle::until_idle(&broker, Duration::from_millis(50));
    assert!(tokio::time::timeout(Duration::from_millis(300), leaving).await.is_err(), "left a running job");
    ended(&lab.manager, &format!("bkt-executor@{id}.service")).await;
    idle::until_idle(&broker, Duration::from_millis(50)).await.unwrap();
    assert!(!bus.name_has_owner(BUS_NAME.try_into().unwrap()).await.unwrap());
}

#[tokio::test]
async fn a_replaced_broker_finishes_what_runs_and_leaves_at_once() {
    let (lab, broker, client) = Lab::start().await;
    lab.policy.set("*", Answer::Yes);
    let bus = zbus::fdo::DBusProxy::new(&client).await.unwrap();
    let helper = HelperProxy::new(&client).await.unwrap();
    let plan = install("htop");
    helper.apply(&plan.to_bytes(), &plan.sha256(), HashMap::new()).await.unwrap();
    let (id, _) = lab.store().list().unwrap().remove(0);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("bkt-helper");
    files::replace(&file, b"old").unwrap();
    let program = Program::at(&file).unwrap();
    let mut leaving =
        tokio::spawn(
            async move { idle::until_idle_or_replaced(&broker, Duration::from_secs(600), Some(&program)).await },
        );
    files::replace(&file, b"new").unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(700), &mut leaving).await.is_err(), "left a running job");
    ended(&lab.manager, &format!("bkt-executor@{id}.service")).await;
    tokio::time::timeout(Duration::from_secs(5), leaving).await.expect("leaves at once").unwrap().unwrap();
    assert!(!bus.name_has_owner(BUS_NAME.try_into().unwrap()).await.unwrap());
}

#[tokio::test]
async fn a_helper_told_to_end_answers_the_calls_that_wait() {
    let (lab, broker, client) = Lab::start().await;
    lab.policy.set("*", Answer::Yes);
    let bus = zbus::fdo::DBusProxy::new(&client).await.unwrap();
    let helper = HelperProxy::new(&client).await.unwrap();
    let plan = install("htop");
    let path = helper.apply(&plan.to_bytes(), &plan.sha256(), HashMap::new()).await.unwrap();
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { JobProxy::builder(&client).path(path).build().await.unwrap().events(0).await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    tokio::time::timeout(Duration::from_secs(3), idle::finish(&broker)).await.unwrap();
    let answer = tokio::time::timeout(Duration::from_secs(1), waiting).await.unwrap().unwrap();
    assert_eq!(answer.unwrap(), (vec![], 0, false));
    assert!(!bus.name_has_owner(BUS_NAME.try_into().unwrap()).await.unwrap());
}

#[tokio::test]
async fn systemd_is_asked_again_when_it_could_not_say() {
    let (lab, _broker, client) = Lab::start().await;
    lab.policy.set("*", Answer::Yes);
    let helper = HelperProxy::new(&client).await.unwrap();
    let plan = install("htop");
    let path = helper.apply(&plan.to_bytes(), &plan.sha256(), HashMap::new()).await.unwrap();
    let (id, _) = lab.store().list().unwrap().remove(0);
    lab.started.failures.store(2, std::sync::atomic::Ordering::SeqCst);
    ended(&lab.manager, &format!("bkt-executor@{id}.service")).await;
    let followed = follow_job(&client, path, 0, |_| {});
    tokio::time::timeout(Duration::from_secs(10), followed).await.expect("the job ends").unwrap();
}

#[tokio::test]
async fn nobody_is_told_of_a_job_that_is_not_theirs() {
    let (lab, _broker, client) = Lab::start().await;
    lab.policy.set("*", Answer::Yes);
    let other = lab.connect().await;
    let rule = zbus::MatchRule::builder().msg_type(zbus::message::Type::Signal).sender(BUS_NAME).build().unwrap();
    let mut signals = zbus::MessageStream::for_match_rule(rule, &other, None).await.unwrap();
    let helper = HelperProxy::new(&client).await.unwrap();
    let plan = install("htop");
    let path = helper.apply(&plan.to_bytes(), &plan.sha256(), HashMap::new()).await.unwrap();
    let (id, _) = lab.store().list().unwrap().remove(0);
    ended(&lab.manager, &format!("bkt-executor@{id}.service")).await;
    follow_job(&client, path, 0, |_| {}).await.unwrap();
    let signal = std::future::poll_fn(|context| Stream::poll_next(Pin::new(&mut signals), context));
    let heard = tokio::time::timeout(Duration::from_millis(300), signal).await;
    assert!(heard.is_err(), "{heard:?}");
}

#[tokio::test]
async fn an_error_tells_a_caller_nothing_of_the_disk() {
    let (lab, _broker, client) = Lab::start().await;
    lab.policy.set("*", Answer::Yes);
    let helper = HelperProxy::new(&client).await.unwrap();
    let plan = install("htop");
    let path = helper.apply(&plan.to_bytes(), &plan.sha256(), HashMap::new()).await.unwrap();
    let (id, _) = lab.store().list().unwrap().remove(0);
    std::fs::create_dir(lab.store().events(&id)).unwrap();
    let job = JobProxy::builder(&client).path(path).build().await.unwrap();
    match job.events(0).await {
        Err(Error::Failed(said)) => {
            assert_eq!(said, "the job’s events could not be read; the system journal says why");
        }
        other => panic!("{other:?}"),
    }
}
