// SPDX-License-Identifier: GPL-3.0-or-later
//! A client of the helper for scripts: makes plans from words, submits them, follows jobs.
//!
//! `submit plan install:htop mask:tuned.service >FILE`, `submit apply [--quiet] [--sha256 HASH] <FILE`
//! (`--quiet` allows no dialog), `submit preview <FILE`, `submit events JOB FROM`, `submit cancel JOB`,
//! `submit status`, `submit history`.

#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::io::{Read, Write};

use anyhow::{Context, bail};
use bkt_core::compare::{Effect, Origin};
use bkt_core::deployment::System;
use bkt_core::domain;
use bkt_core::domain::etc::EtcPath;
use bkt_core::host::live::LiveHost;
use bkt_core::item::{Domain, ItemId};
use bkt_core::plan::{Action, Plan, Preconditions, Step, hash};
use bkt_core::value::UnitState;
use bkt_helper_api::{Error, HelperProxy, JobProxy, follow_job};
use zbus::OwnedVariant;
use zbus::wire::OwnedObjectPath;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if let ["plan", items @ ..] = words.as_slice() {
        std::io::stdout().write_all(&plan(items)?.to_bytes())?;
        return Ok(());
    }
    let bus = zbus::Connection::system().await?;
    if let Err(error) = talk(&bus, &words).await {
        println!("{error}");
        std::process::exit(1);
    }
    Ok(())
}

async fn talk(bus: &zbus::Connection, words: &[&str]) -> anyhow::Result<()> {
    let helper = HelperProxy::new(bus).await?;
    match words {
        ["apply", "--quiet", rest @ ..] => {
            let plan = input()?;
            let hash = reviewed(rest, &plan)?;
            let options = HashMap::<String, OwnedVariant>::new();
            let reply = helper.inner().call_method("Apply", &(plan, hash, options)).await.map_err(Error::from)?;
            let path: OwnedObjectPath = reply.body().deserialize()?;
            follow(bus, path.as_str(), 0).await
        }
        ["apply", rest @ ..] => {
            let plan = input()?;
            let hash = reviewed(rest, &plan)?;
            let path = helper.apply(&plan, &hash, HashMap::new()).await?;
            follow(bus, path.as_str(), 0).await
        }
        ["preview"] => say(&helper.preview(&input()?).await?),
        ["status"] => say(&helper.status().await?),
        ["history"] => say(&helper.history(100).await?),
        ["events", path, from] => follow(bus, path, from.parse()?).await,
        ["cancel", path] => Ok(job(bus, path).await?.cancel().await?),
        _ => bail!("usage: submit plan|apply|preview|status|history|events|cancel"),
    }
}

fn say(document: &str) -> anyhow::Result<()> {
    println!("{document}");
    Ok(())
}

async fn job<'p>(bus: &zbus::Connection, path: &'p str) -> zbus::Result<JobProxy<'p>> {
    JobProxy::builder(bus).path(path).cache_properties(zbus::proxy::CacheProperties::No).build().await
}

/// Prints a job's events until it ended.
async fn follow(bus: &zbus::Connection, path: &str, next: u32) -> anyhow::Result<()> {
    println!("job {path}");
    follow_job(bus, OwnedObjectPath::try_from(path)?, next, |event| println!("{event}")).await?;
    println!("state {}", job(bus, path).await?.state().await?);
    Ok(())
}

fn input() -> std::io::Result<Vec<u8>> {
    let mut plan = Vec::new();
    std::io::stdin().read_to_end(&mut plan)?;
    Ok(plan)
}

fn reviewed(words: &[&str], plan: &[u8]) -> anyhow::Result<String> {
    match words {
        [] => Ok(hash(plan)),
        ["--sha256", hash] => Ok((*hash).to_owned()),
        other => bail!("unknown arguments {other:?}"),
    }
}

/// The plan of some words, from the state this computer is in now.
fn plan(words: &[&str]) -> anyhow::Result<Plan> {
    let host = LiveHost::of_system();
    let system = System::probe(&host);
    let mut preconditions = Preconditions { deployment: system.deployment_id().to_owned(), ..Preconditions::default() };
    let mut steps = Vec::new();
    for word in words {
        let (verb, name) = word.split_once(':').context("a word is VERB:NAME")?;
        let (domain, action) = match verb {
            "install" => (Domain::Pkg, Action::InstallPackage { name: name.parse()? }),
            "remove" => (Domain::Pkg, Action::RemovePackage { name: name.parse()? }),
            "enable" => (Domain::Unit, Action::SetUnit { unit: name.parse()?, state: UnitState::Enabled }),
            "disable" => (Domain::Unit, Action::SetUnit { unit: name.parse()?, state: UnitState::Disabled }),
            "mask" => (Domain::Unit, Action::SetUnit { unit: name.parse()?, state: UnitState::Masked }),
            "start" => (Domain::Unit, Action::StartUnit { unit: name.parse()? }),
            "stop" => (Domain::Unit, Action::StopUnit { unit: name.parse()? }),
            "restart" => (Domain::Unit, Action::RestartUnit { unit: name.parse()? }),
            "reload" => (Domain::Unit, Action::ReloadUnits {}),
            "restore" => {
                let path: EtcPath = name.parse()?;
                let to = domain::etc::in_image(&host, &path)?;
                (Domain::Etc, Action::RestoreEtc { path, to })
            }
            "karg" => (Domain::Karg, Action::AddKernelArgument { argument: name.parse()? }),
            "no-karg" => (Domain::Karg, Action::RemoveKernelArgument { argument: name.parse()? }),
            other => bail!("unknown verb {other}"),
        };
        let effect = if domain == Domain::Karg { Effect::Restart } else { Effect::Now };
        match &action {
            Action::InstallPackage { .. } | Action::RemovePackage { .. } => {
                preconditions.rpmdb = Some(domain::pkg::installed(&host)?.1);
            }
            Action::SetUnit { unit, .. } => {
                let states = domain::unit::states(&host, std::iter::once(unit))?;
                preconditions.units.insert(unit.clone(), states.get(unit).copied());
            }
            Action::StartUnit { unit } | Action::StopUnit { unit } | Action::RestartUnit { unit } => {
                preconditions.running.extend(domain::unit::run::active(&host, [unit])?);
            }
            Action::RestoreEtc { path, .. } => {
                preconditions.etc.insert(path.clone(), domain::etc::here(&host, path)?);
            }
            Action::AddKernelArgument { argument } | Action::RemoveKernelArgument { argument } => {
                let next = domain::karg::next_start(&host, system.kind)?;
                preconditions.kernel_arguments.insert(argument.clone(), next.contains(argument));
            }
            _ => {}
        }
        steps.push(Step::apply(ItemId::new(domain, name), action, effect, Origin::SetupChanged));
    }
    Ok(Plan::new(preconditions, steps, Vec::new()))
}
