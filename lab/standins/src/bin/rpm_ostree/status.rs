// SPDX-License-Identifier: GPL-3.0-or-later
//! `status`: every deployment in boot order, with the keys rpm-ostree's daemon gives each.

use std::process::ExitCode;

use anyhow::Result;
use bkt_standins::ostree::Commit;
use bkt_standins::sysroot::Deployment;
use serde_json::{Map, Value, json};

use crate::{UNCHANGED, booted};

pub(crate) fn status(json: bool, booted_only: bool, pending_exit_77: bool) -> Result<ExitCode> {
    let sysroot = booted()?;
    let shown: Vec<&Deployment> = sysroot.deployments.iter().filter(|it| it.booted || !booted_only).collect();
    if json {
        let deployments = shown.iter().map(|it| deployment(it)).collect::<Result<Vec<_>>>()?;
        let all = json!({"deployments": deployments, "transaction": null, "cached-update": null});
        println!("{all:#}");
    } else {
        println!("State: idle\nDeployments:");
        for it in shown {
            let mark = if it.booted { "●" } else { " " };
            println!("{mark} {}\n                  Commit: {}", name(it), it.checksum);
        }
    }
    let pending = !sysroot.pending()?.booted;
    Ok(if pending_exit_77 && pending { ExitCode::from(UNCHANGED) } else { ExitCode::SUCCESS })
}

fn name(deployment: &Deployment) -> String {
    let origin = &deployment.origin;
    let reference = origin.get("origin", "container-image-reference").or_else(|| origin.get("origin", "refspec"));
    reference.unwrap_or("(unknown)").to_owned()
}

fn deployment(deployment: &Deployment) -> Result<Value> {
    let commit = Commit::read(&deployment.checksum)?;
    let list = |group: &str, key: &str| -> Vec<&str> {
        let words = deployment.origin.get(group, key).unwrap_or_default().split(';');
        words.filter(|name| !name.is_empty()).collect()
    };
    let requested = list("packages", "requested");
    // `sha256:name-version.arch`
    let local: Vec<&str> = list("packages", "requested-local")
        .into_iter()
        .map(|entry| entry.split_once(':').map_or(entry, |(_, name)| name))
        .collect();
    let replaced: Vec<&str> = list("overrides", "replace-local")
        .into_iter()
        .map(|entry| entry.split_once(':').map_or(entry, |(_, name)| name))
        .collect();
    let mut all = Map::new();
    let mut put = |key: &str, value: Value| all.insert(key.to_owned(), value);
    put("id", json!(format!("{}-{}", deployment.stateroot, deployment.name())));
    put("osname", json!(deployment.stateroot));
    put("serial", json!(deployment.serial));
    put("checksum", json!(deployment.checksum));
    put("version", json!(commit.version));
    put("timestamp", json!(commit.timestamp.as_second()));
    put("booted", json!(deployment.booted));
    put("staged", json!(deployment.staged));
    put("pinned", json!(deployment.pinned));
    put("unlocked", json!(deployment.unlocked));
    put("finalization-locked", json!(deployment.locked));
    put("regenerate-initramfs", json!(false));
    put("requested-packages", json!(requested));
    put("packages", json!(requested));
    put("requested-local-packages", json!(local));
    put("requested-base-removals", json!(list("overrides", "remove")));
    put("requested-base-local-replacements", json!(replaced));
    put("base-remote-replacements", json!({}));
    for key in [
        "requested-local-fileoverride-packages",
        "requested-base-remote-replacements",
        "base-removals",
        "base-local-replacements",
        "initramfs-etc",
        "initramfs-args",
    ] {
        put(key, json!([]));
    }
    match deployment.image() {
        Some(image) => {
            put("container-image-reference", json!(image.to_origin()));
            put("container-image-reference-digest", json!(commit.image_status(&image).image_digest));
        }
        None => {
            put("origin", json!(name(deployment)));
        }
    }
    Ok(Value::Object(all))
}
