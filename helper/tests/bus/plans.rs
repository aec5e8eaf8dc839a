// SPDX-License-Identifier: GPL-3.0-or-later
//! What is no plan is refused before polkit is asked and before anything is written.

use std::collections::HashMap;

use bkt_core::compare::{Effect, Origin};
use bkt_core::item::{Domain, ItemId};
use bkt_core::name::CoprProject;
use bkt_core::plan::step::SYSTEM_IMAGE;
use bkt_core::plan::{Action, MAX_BYTES, Plan, Preconditions, Step, hash};
use bkt_helper_api::{Error, HelperProxy};
use zbus::OwnedVariant;

use crate::lab::{Lab, install};
use crate::polkit::Answer;

#[tokio::test]
async fn what_is_not_exactly_the_reviewed_plan_is_refused_with_the_reason() {
    let (lab, _broker, client) = Lab::start().await;
    lab.policy.set("*", Answer::Yes);
    let helper = HelperProxy::new(&client).await.unwrap();
    let good = install("htop");
    let text = String::from_utf8(good.to_bytes()).unwrap();
    let own = |text: String| (hash(text.as_bytes()), text.into_bytes());
    let mut cases: Vec<(String, Vec<u8>, &str)> = vec![
        ("0".repeat(64), good.to_bytes(), "its hash differs"),
        (String::new(), good.to_bytes(), "its hash differs"),
        (good.sha256(), text.replace("htop", "hto0").into_bytes(), "its hash differs"),
    ];
    for (changed, why) in [
        (text.replace("install-package", "run-command"), "unknown variant"),
        (text.replace("\"htop\"", "\"-y\""), "‘-y’ is not a valid package name"),
        (text.replace("\"htop\"", "\"a;b\""), "‘a;b’ is not a valid package name"),
        (text.replace("\"steps\"", "\"run\":\"sh\",\"steps\""), "unknown field"),
        (text.replace("\"admin\"", "\"user\""), "contradicts itself"),
        (format!("{text} "), "canonical"),
        (String::new(), "cannot be read"),
        (" ".repeat(MAX_BYTES + 1), "too large"),
        (
            String::from_utf8(Plan::new(Preconditions::default(), vec![], vec![]).to_bytes()).unwrap(),
            "no step for an administrator",
        ),
    ] {
        let (hash, bytes) = own(changed);
        cases.push((hash, bytes, why));
    }
    for (hash, bytes, why) in cases {
        match helper.apply(&bytes, &hash, HashMap::new()).await {
            Err(Error::InvalidPlan(said)) => assert!(said.contains(why), "{why}: {said}"),
            other => panic!("{why}: {other:?}"),
        }
    }
    let option = HashMap::from([("force".to_owned(), OwnedVariant::from(true))]);
    let refused = helper.apply(&good.to_bytes(), &good.sha256(), option).await;
    assert!(matches!(refused, Err(Error::InvalidPlan(_))));
    assert!(lab.policy.asked.lock().unwrap().is_empty());
    lab.nothing_happened();
}

#[tokio::test]
async fn a_preview_only_says_what_a_plan_needs() {
    let (lab, _broker, client) = Lab::start().await;
    let helper = HelperProxy::new(&client).await.unwrap();
    let plan = install("htop");
    let preview: serde_json::Value = serde_json::from_str(&helper.preview(&plan.to_bytes()).await.unwrap()).unwrap();
    assert_eq!(preview["sha256"], plan.sha256());
    assert_eq!(preview["actions"], serde_json::json!(["org.bkt.helper.packages-install"]));
    assert_eq!(preview["steps"], serde_json::json!([1]));
    assert!(lab.policy.asked.lock().unwrap().is_empty());
    lab.nothing_happened();
}

#[tokio::test]
async fn the_image_of_the_system_is_a_power_of_its_own() {
    let (lab, _broker, client) = Lab::start().await;
    let helper = HelperProxy::new(&client).await.unwrap();
    let image = "ghcr.io/sam/os:latest".parse().unwrap();
    let switch = Action::SwitchSystem { image, signed: false };
    for action in [Action::UpgradeSystem {}, switch, Action::RollBackSystem {}, Action::ResetSystem {}] {
        let step = Step::apply(ItemId::new(Domain::Pkg, SYSTEM_IMAGE), action, Effect::Restart, Origin::New);
        let preconditions = Preconditions { deployments: ["a.0".to_owned()].into(), ..Preconditions::default() };
        let plan = Plan::new(preconditions, vec![step], vec![]);
        let text = String::from_utf8(plan.to_bytes()).unwrap();
        let preview: serde_json::Value = serde_json::from_str(&helper.preview(text.as_bytes()).await.unwrap()).unwrap();
        assert_eq!(preview["actions"], serde_json::json!(["org.bkt.helper.system-image"]));
        // No option, and no image but one of a registry or of this computer, reaches the broker's yes or no.
        for (from, to) in [
            ("ghcr.io/sam/os:latest", "--apply"),
            ("ghcr.io/sam/os:latest", "oci:/tmp/x.y/z"),
            ("\"do\":\"", "\"apply\":true,\"do\":\""),
            ("\"deployments\":[\"a.0\"],", ""),
        ] {
            let changed = text.replacen(from, to, 1);
            if changed == text {
                continue;
            }
            match helper.apply(changed.as_bytes(), &hash(changed.as_bytes()), HashMap::new()).await {
                Err(Error::InvalidPlan(_)) => {}
                other => panic!("{to}: {other:?}"),
            }
        }
    }
    assert!(lab.policy.asked.lock().unwrap().is_empty());
    lab.nothing_happened();
}

#[tokio::test]
async fn a_source_of_packages_is_a_power_of_its_own() {
    let (lab, _broker, client) = Lab::start().await;
    let helper = HelperProxy::new(&client).await.unwrap();
    let project: CoprProject = "atim/starship".parse().unwrap();
    for action in [Action::EnableCopr { project: project.clone() }, Action::DisableCopr { project: project.clone() }] {
        let step = Step::apply(ItemId::new(Domain::Copr, project.as_str()), action, Effect::Now, Origin::New);
        let preconditions = Preconditions { coprs: [(project.clone(), false)].into(), ..Preconditions::default() };
        let plan = Plan::new(preconditions, vec![step], vec![]);
        let preview: serde_json::Value =
            serde_json::from_str(&helper.preview(&plan.to_bytes()).await.unwrap()).unwrap();
        assert_eq!(preview["actions"], serde_json::json!(["org.bkt.helper.software-sources"]));
    }
    lab.nothing_happened();
}
