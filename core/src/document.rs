// SPDX-License-Identifier: GPL-3.0-or-later
//! The JSON documents of the command line.
//!
//! Invariant: every document has `format` and `format_version`; within version 1 fields are only added.

use serde_json::{Value as Json, json};

use crate::agreed::Base;
use crate::compare::{Change, Comparison, Shape};
use crate::deployment::packages::{PackageDiff, PackageStep};
use crate::deployment::{Deployment, Role, System};
use crate::describe;
use crate::plan::{Plan, Step};
use crate::problem::Problem;
use crate::recipe::file::Foreseen;
use crate::session::Snapshot;
use crate::temporary::Temporary;
use crate::updates::Updates;

fn deployment(deployment: Option<&Deployment>) -> Json {
    deployment.map_or(Json::Null, |deployment| json!(deployment))
}

fn host(system: &System) -> Json {
    json!({
        "kind": system.kind,
        "image_based": system.kind.is_image_based(),
        "boot_id": system.boot_id,
        "booted": deployment(system.booted.as_ref()),
        "staged": deployment(system.staged.as_ref()),
        "rollback": deployment(system.rollback.as_ref()),
        "kept": system.kept,
        "next": system.next,
    })
}

fn summary(comparison: &Comparison) -> Json {
    let count = |shape: Shape| comparison.changes.iter().filter(|change| change.shape == shape).count();
    let both = comparison.changes.iter().filter(|change| change.origin == crate::compare::Origin::BothChanged).count();
    let unknown: Vec<_> =
        comparison.unknown.iter().filter(|unknown| unknown.item.is_none()).map(|unknown| unknown.domain).collect();
    json!({
        "total": comparison.changes.len(),
        "only_here": count(Shape::OnlyHere),
        "missing": count(Shape::Missing),
        "different": count(Shape::Different),
        "both_changed": both,
        "ignored": comparison.ignored.len(),
        "in_sync": comparison.in_sync.len(),
        "after_restart": comparison.after_restart(),
        "unknown": comparison.unknown.len(),
        "unknown_domains": unknown,
    })
}

/// One change.
#[must_use]
pub fn change(change: &Change) -> Json {
    let base = match &change.base {
        Base::Value(value) => json!(value),
        Base::Absent | Base::Unknown => Json::Null,
    };
    json!({
        "id": change.id,
        "domain": change.id.domain,
        "key": change.id.key,
        "name": change.name,
        "shape": change.shape,
        "origin": change.origin,
        "suggestion": change.suggestion(),
        "setup": change.setup,
        "computer": change.computer,
        "base": base,
        "effect": change.effect,
        "privilege": change.privilege,
        "manifest": change.declared_at.map(|(_, line)| match line {
            0 => json!({"file": change.file()}),
            line => json!({"file": change.file(), "line": line}),
        }),
        "fixed": change.fixed,
    })
}

/// What was changed here alone.
#[must_use]
pub fn temporary(temporary: &Temporary) -> Json {
    let record = &temporary.record;
    json!({
        "id": temporary.id,
        "standing": temporary.standing,
        "action": record.action,
        "value": record.left(),
        "changed_at": record.timestamp.to_string(),
        "boot_id": record.boot_id,
        "command": record.command,
        "change": temporary.change.as_ref().map(change),
    })
}

fn all_temporary(comparison: &Comparison) -> Json {
    comparison.temporary.iter().map(temporary).collect()
}

/// `bkt.local`.
#[must_use]
pub fn local(chosen: &[&Temporary], file: &std::path::Path) -> Json {
    json!({
        "format": "bkt.local",
        "format_version": "1.0",
        "file": file,
        "items": chosen.iter().map(|chosen| temporary(chosen)).collect::<Vec<_>>(),
    })
}

/// `bkt.status`.
#[must_use]
pub fn status(snapshot: &Snapshot, updates: Option<&Updates>) -> Json {
    let comparison = &snapshot.comparison;
    let next = if comparison.changes.is_empty() {
        json!([])
    } else {
        json!([{"id": "review", "text": "See the changes", "command": ["bkt", "diff"]}])
    };
    let mut host = host(&comparison.system);
    host["updates"] = json!(updates);
    json!({
        "format": "bkt.status",
        "format_version": "1.0",
        "generated_at": comparison.compared_at.to_string(),
        "host": host,
        "setup": {"path": snapshot.setup.directory, "entries": snapshot.setup.len()},
        "summary": summary(comparison),
        "temporary": all_temporary(comparison),
        "temporary_unknown": comparison.temporary_unknown,
        "unknown": comparison.unknown,
        "manifests": snapshot.setup.reports(),
        "warnings": comparison.warnings,
        "next_actions": next,
    })
}

/// An ignored change, with the pattern that covers it.
fn ignored(ignored: &Change, snapshot: &Snapshot) -> Json {
    let mut json = change(ignored);
    json["pattern"] = json!(snapshot.ignored.why(&ignored.id));
    json
}

/// `bkt.drift`.
#[must_use]
pub fn drift(snapshot: &Snapshot) -> Json {
    let comparison = &snapshot.comparison;
    json!({
        "format": "bkt.drift",
        "format_version": "1.0",
        "generated_at": comparison.compared_at.to_string(),
        "summary": summary(comparison),
        "items": comparison.changes.iter().map(change).collect::<Vec<_>>(),
        "ignored": comparison.ignored.iter().map(|change| ignored(change, snapshot)).collect::<Vec<_>>(),
        "temporary": all_temporary(comparison),
        "unknown": comparison.unknown,
    })
}

/// `bkt.plan-review`: a plan with words. The plan itself, the document that is hashed and run, is inside.
#[must_use]
pub fn plan(plan: &Plan) -> Json {
    plan_with(plan, &Foreseen::default())
}

/// The same, with what becomes of the recipe.
#[must_use]
pub fn plan_with(plan: &Plan, recipe: &Foreseen) -> Json {
    let step = |(n, step): (usize, &Step)| {
        json!({
            "n": n,
            "item": step.item,
            "direction": step.direction,
            "effect": step.effect,
            "privilege": step.privilege,
            "reversible": step.reversible,
            "stop": step.stop,
            "reason": step.reason,
            "from": step.from,
            "to": step.to,
            "text": describe::step(step),
        })
    };
    json!({
        "format": "bkt.plan-review",
        "format_version": "1.0",
        "fingerprint": format!("sha256:{}", plan.sha256()),
        "summary": plan.summary(),
        "operations": plan.numbered().map(step).collect::<Vec<_>>(),
        "deferred": plan.deferred,
        "recipe": (!recipe.file.is_empty()).then_some(recipe),
        "plan": plan,
    })
}

/// `bkt.system`. `packages` is how they change with the next start, or why that is not known.
#[must_use]
pub fn system(system: &System, updates: Option<&Updates>, packages: Option<Result<&PackageDiff, &Problem>>) -> Json {
    let one = |(role, deployment): (Role, &Deployment)| {
        let mut one = json!(deployment);
        one["role"] = json!(role);
        one["next"] = json!(system.next.as_ref() == Some(&deployment.id));
        one
    };
    let (packages, problem) = match packages {
        None => (Json::Null, Json::Null),
        Some(Ok(diff)) => (totals(diff), Json::Null),
        Some(Err(problem)) => (Json::Null, json!(problem)),
    };
    json!({
        "format": "bkt.system",
        "format_version": "1.0",
        "host": host(system),
        "deployments": system.deployments().map(one).collect::<Vec<_>>(),
        "usr_overlay": system.usr_overlay,
        "layers": system.layers(),
        "packages": packages,
        "packages_unknown": problem,
        "updates": updates,
    })
}

fn totals(diff: &PackageDiff) -> Json {
    let count = |step: PackageStep| diff.of(step).count();
    json!({
        "upgraded": count(PackageStep::Upgraded),
        "downgraded": count(PackageStep::Downgraded),
        "added": count(PackageStep::Added),
        "removed": count(PackageStep::Removed),
        "kernel": diff.0.iter().any(|change| change.kernel),
    })
}

/// `bkt.system-diff`.
#[must_use]
pub fn system_diff(system: &System, from: &Deployment, to: &Deployment, diff: &PackageDiff) -> Json {
    json!({
        "format": "bkt.system-diff",
        "format_version": "1.0",
        "host": {"kind": system.kind},
        "from": from,
        "to": to,
        "summary": totals(diff),
        "packages": diff,
    })
}

/// `bkt.system-staged`: what waits for a restart; `staged` is null when nothing does.
#[must_use]
pub fn system_staged(system: &System, diff: Option<&PackageDiff>, leaving: &[String]) -> Json {
    json!({
        "format": "bkt.system-staged",
        "format_version": "1.0",
        "has_staged": system.staged.is_some(),
        "booted": deployment(system.booted.as_ref()),
        "staged": deployment(system.staged.as_ref()),
        "layers": system.layers(),
        "leaving": leaving,
        "summary": diff.map(totals),
        "packages": diff,
    })
}

/// `bkt.error`.
#[must_use]
pub fn error(problem: &Problem, exit: u8) -> Json {
    json!({
        "format": "bkt.error",
        "format_version": "1.0",
        "error": {"code": problem.code, "message": problem.message, "hint": problem.hint, "exit": exit},
    })
}
