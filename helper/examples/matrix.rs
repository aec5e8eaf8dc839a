// SPDX-License-Identifier: GPL-3.0-or-later
//! Tries every member of the helper as the user that runs it: `matrix SUBJECT POLICY PLAN COUNT UID:JOB…`.
//!
//! SUBJECT is how the user came in, POLICY what polkit was told, PLAN a plan that can run again and again and adds
//! a line to the file COUNT each time; each JOB has an owner. What is expected follows from the helper's own table
//! of guards and from what polkit(8) promises for the policy. One line for each call that came out otherwise, and
//! one for all that came out as they should.
//!
//! Invariant: a call that was refused added no line to COUNT.

#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::Pin;

use anyhow::{Context, bail};
use bkt_core::plan::hash;
use bkt_helper::auth::surface::{Guard, Member, Row};
use bkt_helper_api::{BUS_NAME, OBJECT_PATH, follow_job};
use futures_core::Stream;
use zbus::MessageStream;
use zbus::OwnedVariant;
use zbus::message::{Flags, Message};
use zbus::wire::OwnedObjectPath;

/// What polkit would say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Yes,
    Challenge,
    No,
}

/// How a call came out.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    Answered,
    Ran,
    /// The last part of the error's name.
    Refused(String),
}

/// The promise of polkit for a policy of `lab/scenarios/31-authorisation.sh`.
fn verdict(subject: &str, policy: &str) -> anyhow::Result<Verdict> {
    Ok(match (policy, subject) {
        // The helper has no rule of its own for root.
        ("masked", _) => Verdict::No,
        (_, "root") => Verdict::Yes,
        ("yes", _) | ("active-administrators", "administrator-active") => Verdict::Yes,
        ("no", _) => Verdict::No,
        ("ask" | "active-administrators", _) => Verdict::Challenge,
        _ => bail!("unknown policy {policy}"),
    })
}

/// What a verdict means for a call that waits for it. No subject here has an agent that could show a dialog.
fn by(verdict: Verdict, yes: Outcome, dialog: bool) -> Outcome {
    match (verdict, dialog) {
        (Verdict::Yes, _) => yes,
        (Verdict::Challenge, false) => Outcome::Refused("InteractionRequired".to_owned()),
        (Verdict::Challenge, true) | (Verdict::No, _) => Outcome::Refused("NotAuthorized".to_owned()),
    }
}

fn expected(row: &Row, verdict: Verdict, dialog: bool, is_mine: bool) -> Outcome {
    match row.guard {
        Guard::Call | Guard::OwnJobs => Outcome::Answered,
        Guard::Plan => by(verdict, Outcome::Ran, dialog),
        Guard::Job | Guard::JobOr(_) if is_mine => Outcome::Answered,
        Guard::JobOr(_) => by(verdict, Outcome::Answered, dialog),
        Guard::Job if row.is_property => Outcome::Refused("AccessDenied".to_owned()),
        Guard::Job => Outcome::Refused("UnknownJob".to_owned()),
    }
}

struct Subject {
    bus: zbus::Connection,
    uid: u32,
    plan: Vec<u8>,
    count: String,
}

impl Subject {
    /// How often the plan has run.
    fn ran(&self) -> anyhow::Result<usize> {
        Ok(std::fs::read_to_string(&self.count)?.lines().count())
    }

    async fn send(
        &self,
        path: &str,
        interface: &str,
        name: &str,
        dialog: bool,
        body: Body<'_>,
    ) -> Result<Message, Outcome> {
        let failed = |error: zbus::Error| Outcome::Refused(error.to_string());
        let mut call = Message::method_call(path, name).destination(BUS_NAME).interface(interface);
        if dialog {
            call = call.with_flags(Flags::ALLOW_INTERACTIVE_AUTH);
        }
        let call = match body {
            Body::None => call.build(&()),
            Body::Number(number) => call.build(&number),
            Body::Plan(plan) => call.build(&plan),
            Body::Apply(plan) => call.build(&(plan, hash(plan), HashMap::<String, OwnedVariant>::new())),
            Body::Property(interface, name) => call.build(&(interface, name)),
        };
        let call = call.map_err(failed)?;
        let mut replies = MessageStream::from(&self.bus);
        self.bus.send(&call).await.map_err(failed)?;
        loop {
            let Some(reply) = poll_fn(|context| Pin::new(&mut replies).poll_next(context)).await else {
                return Err(Outcome::Refused("the bus is gone".to_owned()));
            };
            let reply = reply.map_err(failed)?;
            if reply.header().reply_serial() != Some(call.primary_header().serial_num()) {
                continue;
            }
            let error = reply.header().error_name().map(|name| name.rsplit('.').next().unwrap_or_default().to_owned());
            return error.map_or(Ok(reply), |name| Err(Outcome::Refused(name)));
        }
    }

    async fn call(&self, row: &Row, job: &str, dialog: bool) -> anyhow::Result<Outcome> {
        let path = if row.interface == BUS_NAME { OBJECT_PATH } else { job };
        let sent = match (row.guard, row.name) {
            _ if row.is_property => {
                let body = Body::Property(row.interface, row.name);
                self.send(path, "org.freedesktop.DBus.Properties", "Get", dialog, body).await
            }
            (Guard::Call, _) => self.send(path, row.interface, row.name, dialog, Body::Plan(&self.plan)).await,
            (Guard::Plan, _) => self.send(path, row.interface, row.name, dialog, Body::Apply(&self.plan)).await,
            (_, "History") => self.send(path, row.interface, row.name, dialog, Body::Number(100)).await,
            (_, "Events") => self.send(path, row.interface, row.name, dialog, Body::Number(0)).await,
            _ => self.send(path, row.interface, row.name, dialog, Body::None).await,
        };
        let reply = match sent {
            Ok(reply) => reply,
            Err(outcome) => return Ok(outcome),
        };
        if row.guard == Guard::Plan {
            let job: OwnedObjectPath = reply.body().deserialize()?;
            follow_job(&self.bus, job, 0, |_| {}).await?;
            return Ok(Outcome::Ran);
        }
        if row.guard == Guard::OwnJobs && self.uid != 0 {
            let said: serde_json::Value = serde_json::from_str(&reply.body().deserialize::<String>()?)?;
            let said = said.as_array().into_iter().flatten();
            if said.filter_map(|job| job["uid"].as_u64()).any(|uid| uid != u64::from(self.uid)) {
                bail!("{} tells of somebody else’s job", row.name);
            }
        }
        Ok(Outcome::Answered)
    }
}

enum Body<'b> {
    None,
    Number(u32),
    Plan(&'b [u8]),
    Apply(&'b [u8]),
    Property(&'b str, &'b str),
}

/// What no row is about: the bus itself keeps it from the helper.
const ELSEWHERE: [(&str, &str); 5] = [
    ("org.freedesktop.DBus.Introspectable", "Introspect"),
    ("org.freedesktop.DBus.Properties", "Set"),
    ("org.freedesktop.DBus.ObjectManager", "GetManagedObjects"),
    ("org.freedesktop.DBus.Peer", "GetMachineId"),
    ("org.bkt.Helper1", "Execute"),
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [subject, policy, plan, count, jobs @ ..] = words.as_slice() else {
        bail!("usage: matrix SUBJECT POLICY PLAN COUNT UID:JOB…")
    };
    let verdict = verdict(subject, policy)?;
    let uid = rustix::process::geteuid().as_raw();
    let bus = zbus::Connection::system().await?;
    let me = Subject { bus, uid, plan: std::fs::read(plan)?, count: count.clone() };
    let (mut right, mut wrong) = (0, 0);
    let mut judge = |what: &str, expected: &Outcome, found: &Outcome, ran: usize| {
        if expected == found && ran == usize::from(*found == Outcome::Ran) {
            right += 1;
        } else {
            wrong += 1;
            println!("FAIL {subject}, policy {policy}: {what}: wanted {expected:?}, got {found:?}; {ran} runs");
        }
    };
    for row in Member::ALL.map(Member::row) {
        let is_about_a_job = matches!(row.guard, Guard::Job | Guard::JobOr(_));
        for job in jobs.iter().take(if is_about_a_job { jobs.len() } else { 1 }) {
            let (owner, job) = job.split_once(':').context("a job is UID:PATH")?;
            let is_mine = uid == 0 || uid.to_string() == owner;
            for dialog in [false, true] {
                let before = me.ran()?;
                let found = me.call(&row, job, dialog).await?;
                let what = format!("{} (dialog {dialog}, job of {owner})", row.name);
                judge(&what, &expected(&row, verdict, dialog, is_mine), &found, me.ran()? - before);
            }
        }
    }
    for (interface, name) in ELSEWHERE {
        let found = me.send(OBJECT_PATH, interface, name, true, Body::None).await.err().unwrap_or(Outcome::Answered);
        judge(name, &Outcome::Refused("AccessDenied".to_owned()), &found, 0);
    }
    if wrong == 0 {
        println!("PASS {subject}, policy {policy}: {right} calls come out as the table says");
    }
    Ok(())
}
