// SPDX-License-Identifier: GPL-3.0-or-later
//! Puts load on the helper as the user that runs it: `load refused CLIENTS CALLS PLAN`, `load large CLIENTS CALLS`,
//! `load honest FILE`, `load first`.
//!
//! `refused` has many connections apply a plan without a dialog, each the next as soon as the last was refused; `large`
//! sends calls that are far too large; `honest` asks for its own jobs, a hundred times a second, until FILE is there;
//! `first` asks once, which starts the helper where it does not run.
//! One JSON document: how the calls came out, and how long each took, in microseconds.
//!
//! Invariant: every call is counted, with its error's name.

#![forbid(unsafe_code)]

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::bail;
use bkt_core::plan::hash;
use bkt_helper_api::{BUS_NAME, OBJECT_PATH};
use serde_json::json;
use tokio::time::timeout;
use zbus::{Connection, DBusError, OwnedVariant};

/// How long an honest caller waits for one answer.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Default)]
struct Seen {
    outcomes: BTreeMap<String, usize>,
    micros: Vec<u128>,
}

impl Seen {
    fn add(&mut self, begun: Instant, answer: Result<zbus::Message, zbus::Error>) {
        self.micros.push(begun.elapsed().as_micros());
        let outcome = match answer {
            Ok(_) => "answered".to_owned(),
            Err(zbus::Error::MethodError(name, ..)) => name.rsplit('.').next().unwrap_or_default().to_owned(),
            // The bus itself refused.
            Err(zbus::Error::FDO(error)) => error.name().rsplit('.').next().unwrap_or_default().to_owned(),
            Err(other) => other.to_string(),
        };
        *self.outcomes.entry(outcome).or_default() += 1;
    }
}

async fn apply(bus: &Connection, plan: &[u8], sha256: &str) -> Result<zbus::Message, zbus::Error> {
    let options = HashMap::<String, OwnedVariant>::new();
    bus.call_method(Some(BUS_NAME), OBJECT_PATH, Some(BUS_NAME), "Apply", &(plan, sha256, options)).await
}

/// Many connections that apply a plan again and again.
async fn insist(clients: usize, calls: usize, plan: Vec<u8>) -> anyhow::Result<Seen> {
    let (plan, sha256) = (std::sync::Arc::new(plan.clone()), hash(&plan));
    let mut tasks = Vec::new();
    for _ in 0..clients {
        let (bus, plan, sha256) = (Connection::system().await?, plan.clone(), sha256.clone());
        tasks.push(tokio::spawn(async move {
            let mut seen = Seen::default();
            for _ in 0..calls {
                seen.add(Instant::now(), apply(&bus, &plan, &sha256).await);
            }
            seen
        }));
    }
    let mut all = Seen::default();
    for task in tasks {
        let seen = task.await?;
        all.micros.extend(seen.micros);
        seen.outcomes.into_iter().for_each(|(name, count)| *all.outcomes.entry(name).or_default() += count);
    }
    Ok(all)
}

async fn honest(until: &Path) -> anyhow::Result<Seen> {
    // A bus that is being flooded may take its time to say hello.
    let mut bus = timeout(PATIENCE, Connection::system()).await;
    while bus.is_err() && !until.exists() {
        bus = timeout(PATIENCE, Connection::system()).await;
    }
    let bus = bus??;
    let mut seen = Seen::default();
    while !until.exists() {
        let begun = Instant::now();
        let call = bus.call_method(Some(BUS_NAME), OBJECT_PATH, Some(BUS_NAME), "Status", &());
        match timeout(PATIENCE, call).await {
            Ok(answer) => seen.add(begun, answer),
            Err(_) => *seen.outcomes.entry("unanswered".to_owned()).or_default() += 1,
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(seen)
}

async fn first() -> anyhow::Result<Seen> {
    let bus = Connection::system().await?;
    let begun = Instant::now();
    let mut seen = Seen::default();
    seen.add(begun, bus.call_method(Some(BUS_NAME), OBJECT_PATH, Some(BUS_NAME), "Status", &()).await);
    Ok(seen)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let seen = match words.as_slice() {
        ["refused", clients, calls, plan] => insist(clients.parse()?, calls.parse()?, std::fs::read(plan)?).await?,
        ["large", clients, calls] => insist(clients.parse()?, calls.parse()?, vec![b' '; 24 << 20]).await?,
        ["honest", until] => honest(Path::new(until)).await?,
        ["first"] => first().await?,
        _ => bail!("usage: load refused|large|honest|first …"),
    };
    println!("{}", json!({"outcomes": seen.outcomes, "micros": seen.micros}));
    Ok(())
}
