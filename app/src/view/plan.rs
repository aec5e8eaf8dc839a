// SPDX-License-Identifier: GPL-3.0-or-later
//! A plan as it is reviewed.
//!
//! Invariant: every step and every deferred or ignored item of a review has exactly one row.

use bkt_core::compare::Effect;
use bkt_core::describe;
use bkt_core::i18n::{fill, gettext, ngettext};
use bkt_core::item::{Domain, ItemId};
use bkt_core::plan::{Action, Plan, Step, Stop};
use bkt_core::value::Value;

use super::n32;

/// One row of a review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlanRow {
    pub(crate) icon: &'static str,
    pub(crate) title: String,
    pub(crate) subtitle: String,
    /// More about it: label and value.
    pub(crate) details: Vec<(String, String)>,
}

/// A heading with its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlanGroup {
    pub(crate) title: String,
    pub(crate) rows: Vec<PlanRow>,
}

/// What the page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Review {
    pub(crate) summary: Vec<(String, String)>,
    pub(crate) groups: Vec<PlanGroup>,
    /// Whether there is anything to do.
    pub(crate) runnable: bool,
}

/// Describes a plan together with what will be ignored.
pub(crate) fn of(plan: &Plan, ignored: &[ItemId]) -> Review {
    let mut groups: Vec<PlanGroup> = Vec::new();
    let mut add = |title: String, row: PlanRow| match groups.iter_mut().find(|group| group.title == title) {
        Some(group) => group.rows.push(row),
        None => groups.push(PlanGroup { title, rows: vec![row] }),
    };
    for step in &plan.steps {
        add(describe::step_group(step), row(step));
    }
    for id in ignored {
        let subtitle = describe::domain(id.domain);
        let (icon, title) = ("bkt-skipped-symbolic", id.key.clone());
        add(gettext("No Longer Reported"), PlanRow { icon, title, subtitle, details: Vec::new() });
    }
    for deferred in &plan.deferred {
        let (icon, title) = ("bkt-waiting-symbolic", deferred.item.key.clone());
        let subtitle = describe::deferral(deferred.why);
        add(gettext("Not in This Run"), PlanRow { icon, title, subtitle, details: Vec::new() });
    }
    Review { summary: summary(plan), groups, runnable: !plan.is_empty() || !ignored.is_empty() }
}

fn counted(count: usize, sentence: fn(u32) -> String) -> String {
    fill(&sentence(n32(count)), &[("count", &count.to_string())])
}

fn summary(plan: &Plan) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    let total = plan.steps.len();
    if total > 0 {
        let counts = plan.summary();
        let mut parts = Vec::new();
        if total > counts.needs_restart {
            parts.push(counted(total - counts.needs_restart, |n| ngettext("{count} now", "{count} now", n)));
        }
        if counts.needs_restart > 0 {
            parts
                .push(counted(counts.needs_restart, |n| ngettext("{count} after restart", "{count} after restart", n)));
        }
        rows.push((gettext("Takes Effect"), parts.join(" · ")));
        let of_all = |count: usize, sentence: &str| {
            fill(sentence, &[("count", &count.to_string()), ("total", &total.to_string())])
        };
        let admin = match counts.needs_admin {
            0 => gettext("Not needed"),
            count => of_all(count, &gettext("Needed for {count} of {total}")),
        };
        rows.push((gettext("Administrator"), admin));
    }
    rows.push((gettext("Plan"), plan.short()));
    rows
}

/// The icon of what a step does: adds, takes away, or changes.
pub(crate) fn step_icon(step: &Step) -> &'static str {
    match (&step.action, &step.from, &step.to) {
        (Action::InstallPackage { .. } | Action::AddKernelArgument { .. }, ..) => "bkt-only-here-symbolic",
        (Action::InstallFlatpak { .. } | Action::LayerPackage { .. }, ..) => "bkt-only-here-symbolic",
        (Action::RemovePackage { .. } | Action::RemoveKernelArgument { .. }, ..) => "bkt-missing-symbolic",
        (Action::ResetBasePackage { .. }, ..) => "bkt-only-here-symbolic",
        (Action::RemoveBasePackage { .. }, ..) => "bkt-missing-symbolic",
        (Action::RemoveFlatpak { .. } | Action::UnlayerPackage { .. }, ..) => "bkt-missing-symbolic",
        (Action::WriteManifest { value: None, .. } | Action::SetOwn { value: None }, ..) => "bkt-missing-symbolic",
        (Action::WriteManifest { .. } | Action::SetOwn { .. }, None, _) => "bkt-only-here-symbolic",
        _ => "bkt-different-symbolic",
    }
}

fn said(domain: Domain, value: Option<&serde_json::Value>) -> String {
    match value.and_then(|value| Value::from_json(domain, value)) {
        Some(value) => value.to_string(),
        None => gettext("not there"),
    }
}

fn row(step: &Step) -> PlanRow {
    let domain = step.item.domain;
    let (from, to) = (said(domain, step.from.as_ref()), said(domain, step.to.as_ref()));
    let change = [from.as_str(), to.as_str()].join(" → ");
    let stop = match step.stop {
        Stop::Safe => gettext("At any time"),
        Stop::AfterStep => gettext("After this step"),
        Stop::No => gettext("Not while it runs"),
    };
    let subtitle = match &step.action {
        Action::SetUnit { .. } | Action::SetSetting { .. } => change.clone(),
        _ => describe::domain(domain),
    };
    let mut details = vec![
        (gettext("Identifier"), step.item.to_string()),
        (gettext("Value"), change),
        (gettext("Origin"), describe::origin(step.reason)),
        (gettext("Can Be Stopped"), stop),
    ];
    if step.effect != Effect::Now {
        details.push((gettext("Takes Effect"), describe::effect(step.effect)));
    }
    PlanRow { icon: step_icon(step), title: describe::step(step), subtitle, details }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;
    use bkt_core::compare::Decision;
    use bkt_core::setup::Setup;

    #[test]
    fn steps_are_grouped_and_counted_and_nothing_is_lost() {
        let comparison = samples::comparison();
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("manifests")).unwrap();
        let setup = Setup::load(dir.path()).unwrap();
        let decisions = comparison.changes.iter().skip(1).map(|change| (change.id.clone(), Decision::Apply)).collect();
        let plan = bkt_core::plan::build(&comparison, &setup, &decisions, bkt_core::plan::Terms::default()).unwrap();
        let ignored = [comparison.changes[0].id.clone()];
        let review = of(&plan, &ignored);
        let titles: Vec<&str> = review.groups.iter().map(|group| group.title.as_str()).collect();
        assert_eq!(titles, ["Now, as Administrator", "After Restart, as Administrator", "No Longer Reported"]);
        assert_eq!(review.groups[0].rows[0].title, "Enable tuned.service");
        assert_eq!(review.groups[0].rows[0].subtitle, "masked → enabled");
        assert_eq!(review.summary[0].1, "1 now · 1 after restart");
        assert_eq!(review.summary[1].1, "Needed for 2 of 2");
        let facts: Vec<&str> = review.summary.iter().map(|(label, _)| label.as_str()).collect();
        assert_eq!(facts, ["Takes Effect", "Administrator", "Plan"]);
        assert!(review.runnable);
    }
}
