// SPDX-License-Identifier: GPL-3.0-or-later
//! Permission: every policy, with and without a dialog, and everything that can go wrong meanwhile.

use std::collections::HashMap;

use bkt_core::plan::Plan;
use bkt_helper_api::{Error, HelperProxy, action};
use zbus::wire::OwnedObjectPath;
use zbus::{Connection, OwnedVariant};

use crate::lab::{Lab, install};
use crate::polkit::Answer;

async fn apply(client: &Connection, plan: &Plan) -> Result<OwnedObjectPath, Error> {
    HelperProxy::new(client).await.unwrap().apply(&plan.to_bytes(), &plan.sha256(), HashMap::new()).await
}

async fn apply_quietly(client: &Connection, plan: &Plan) -> Result<OwnedObjectPath, Error> {
    let options = HashMap::<String, OwnedVariant>::new();
    let helper = HelperProxy::new(client).await.unwrap();
    let reply = helper.inner().call_method("Apply", &(plan.to_bytes(), plan.sha256(), options)).await?;
    Ok(reply.body().deserialize().unwrap())
}

#[tokio::test]
async fn every_policy_has_its_outcome() {
    use Answer::{Agrees, No, NoAgent, Yes};
    let kind = action::PACKAGES_INSTALL;
    for (whole, of_kind, quiet, interactive) in [
        (No, No, "not authorized", "not authorized"),
        (Yes, Yes, "started", "started"),
        (NoAgent, Yes, "interaction required", "not authorized"),
        (Agrees, Yes, "interaction required", "started"),
        (NoAgent, NoAgent, "interaction required", "not authorized"),
        (Agrees, Agrees, "interaction required", "started"),
        (Agrees, No, "not authorized", "not authorized"),
        (No, Yes, "not authorized", "not authorized"),
        (Yes, No, "not authorized", "not authorized"),
        (Yes, NoAgent, "interaction required", "not authorized"),
        (Yes, Agrees, "interaction required", "started"),
    ] {
        for (dialog, expected) in [(false, quiet), (true, interactive)] {
            let (lab, _broker, client) = Lab::start().await;
            lab.policy.set(action::APPLY_PLAN, whole);
            lab.policy.set(kind, of_kind);
            let plan = install("htop");
            let result = if dialog { apply(&client, &plan).await } else { apply_quietly(&client, &plan).await };
            let outcome = match &result {
                Ok(_) => "started",
                Err(Error::NotAuthorized(_)) => "not authorized",
                Err(Error::InteractionRequired(_)) => "interaction required",
                Err(_) => "something else",
            };
            assert_eq!(outcome, expected, "{whole:?} {of_kind:?} {dialog} {result:?}");
            if expected == "started" {
                assert_eq!(lab.started.units().len(), 1);
            } else {
                lab.nothing_happened();
            }
            if !dialog {
                assert!(lab.policy.dialogs().is_empty(), "a dialog nobody allowed");
            }
        }
    }
}

#[tokio::test]
async fn the_dialog_says_what_is_approved() {
    let (lab, _broker, client) = Lab::start().await;
    lab.policy.set("*", Answer::Agrees);
    let plan = install("htop");
    apply(&client, &plan).await.unwrap();
    let dialogs = lab.policy.dialogs();
    assert_eq!(dialogs.len(), 1, "one dialog for the whole plan");
    assert_eq!(dialogs[0].0, action::APPLY_PLAN);
    assert_eq!(dialogs[0].1["short"], plan.short());
    assert_eq!(dialogs[0].1["summary"], bkt_core::describe::admin_summary(&plan));
    assert!(dialogs[0].1["polkit.message"].contains("$(summary)"));
    assert_eq!(dialogs[0].1["polkit.gettext_domain"], "bkt");
}

#[tokio::test]
async fn a_kind_that_no_rule_allows_is_asked_for_by_its_own_action() {
    let (lab, _broker, client) = Lab::start().await;
    lab.policy.set(action::APPLY_PLAN, Answer::Yes);
    lab.policy.set(action::PACKAGES_INSTALL, Answer::Agrees);
    let plan = install("htop");
    apply(&client, &plan).await.unwrap();
    let dialogs = lab.policy.dialogs();
    assert_eq!(dialogs.len(), 1);
    assert_eq!(dialogs[0].0, action::PACKAGES_INSTALL);
    assert_eq!(dialogs[0].1["short"], plan.short());
}

#[tokio::test]
async fn without_polkit_the_answer_is_no() {
    let (lab, _broker, client) = Lab::start().await;
    lab.policy.set("*", Answer::Yes);
    lab.authority.release_name("org.freedesktop.PolicyKit1").await.unwrap();
    assert!(matches!(apply(&client, &install("htop")).await, Err(Error::NotAuthorized(_))));
    assert!(matches!(apply_quietly(&client, &install("htop")).await, Err(Error::NotAuthorized(_))));
    lab.nothing_happened();
}

#[tokio::test]
async fn polkit_that_dies_with_the_dialog_open_means_no() {
    let (lab, _broker, client) = Lab::start().await;
    lab.policy.set("*", Answer::Waits);
    let call = tokio::spawn(async move { apply(&client, &install("htop")).await });
    lab.policy.shown.notified().await;
    lab.authority.clone().close().await.unwrap();
    assert!(matches!(call.await.unwrap(), Err(Error::NotAuthorized(_))));
    lab.nothing_happened();
}

#[tokio::test]
async fn a_caller_who_vanishes_takes_the_dialog_down() {
    let (lab, _broker, client) = Lab::start().await;
    lab.policy.set("*", Answer::Waits);
    let call = tokio::spawn({
        let client = client.clone();
        async move { apply(&client, &install("htop")).await }
    });
    lab.policy.shown.notified().await;
    client.close().await.unwrap();
    assert!(call.await.unwrap().is_err());
    lab.policy.shown.notified().await;
    assert_eq!(lab.policy.cancelled.lock().unwrap().len(), 1);
    lab.policy.release.notify_one();
    lab.nothing_happened();
}

#[tokio::test]
async fn nothing_else_slips_in_while_a_dialog_is_open() {
    let (lab, _broker, client) = Lab::start().await;
    lab.policy.set("*", Answer::Waits);
    let shown = install("htop");
    let call = tokio::spawn({
        let (client, shown) = (client.clone(), shown.clone());
        async move { apply(&client, &shown).await }
    });
    lab.policy.shown.notified().await;
    for other in [install("nano"), shown.clone()] {
        assert!(matches!(apply(&client, &other).await, Err(Error::Busy(_))), "a second dialog");
    }
    lab.nothing_happened();
    lab.policy.release.notify_one();
    call.await.unwrap().unwrap();
    let jobs = lab.store().list().unwrap();
    assert_eq!(jobs.len(), 1);
    assert_eq!(lab.store().plan(&jobs[0].0).unwrap().into_bytes(), shown.to_bytes());
    assert_eq!(lab.policy.dialogs().len(), 1);
}

#[tokio::test]
async fn a_kind_that_is_forbidden_while_the_dialog_is_open_stays_forbidden() {
    let (lab, _broker, client) = Lab::start().await;
    lab.policy.set("*", Answer::Waits);
    let call = tokio::spawn(async move { apply(&client, &install("htop")).await });
    lab.policy.shown.notified().await;
    lab.policy.set(action::PACKAGES_INSTALL, Answer::No);
    lab.policy.release.notify_one();
    assert!(matches!(call.await.unwrap(), Err(Error::NotAuthorized(_))));
    lab.nothing_happened();
}

#[tokio::test]
async fn a_fifth_waiting_call_is_refused_before_polkit() {
    let (lab, _broker, client) = Lab::start().await;
    lab.policy.set("*", Answer::Hangs);
    let calls: Vec<_> = (0..4)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { apply(&client, &install("htop")).await })
        })
        .collect();
    while lab.policy.asked.lock().unwrap().len() < 4 {
        lab.policy.shown.notified().await;
    }
    let asked = lab.policy.asked.lock().unwrap().len();
    assert!(matches!(apply(&client, &install("htop")).await, Err(Error::LimitsExceeded(_))));
    assert_eq!(lab.policy.asked.lock().unwrap().len(), asked);
    calls.iter().for_each(tokio::task::JoinHandle::abort);
    lab.nothing_happened();
}
