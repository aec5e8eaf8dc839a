// SPDX-License-Identifier: GPL-3.0-or-later
//! The plan: exactly what will happen, as one immutable value.
//!
//! A plan has one spelling. Its canonical bytes are compact JSON in field order; [`Plan::from_bytes`]
//! refuses anything that does not encode back to the same bytes, has an unknown field or step, or names
//! something no tool would accept. The SHA-256 of those bytes is what a person reviews, polkit names, the
//! executor checks and the journal records.
//!
//! Invariant: a plan holds no command, path of the computer, environment or key; only the closed set of
//! [`step::Action`]s on validated names.

pub mod build;
pub mod precondition;
pub mod step;
pub mod wish;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use build::{Consent, Decisions, Terms, build};
pub use precondition::{Preconditions, Stale};
pub use step::{Action, Direction, Step, Stop};
pub use wish::{Wish, Wishes};

use crate::compare::{Effect, Privilege};
use crate::digest::hex;
use crate::item::ItemId;

/// The largest plan in bytes; room for the most steps.
pub const MAX_BYTES: usize = 1 << 20;
/// The most steps a plan may have.
pub const MAX_STEPS: usize = 2000;
/// The most administrator steps a plan may have.
pub const MAX_ADMIN_STEPS: usize = 500;

const FORMAT: &str = "bkt.plan";
const FORMAT_VERSION: &str = "1.0";
const HASH_TAG: &[u8] = b"bkt-plan/1\0";

/// What will happen, in order, and from which state of the computer it was worked out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    format: String,
    format_version: String,
    /// The state the plan holds for; anything else is stale.
    pub preconditions: Preconditions,
    /// The steps, in the order they run.
    pub steps: Vec<Step>,
    /// What was asked for and cannot be done by a run, with the reason.
    pub deferred: Vec<Deferred>,
}

/// An item that was asked for and that no step can bring about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deferred {
    /// Which item.
    pub item: ItemId,
    /// When it will come, or why it never will.
    pub why: Deferral,
}

/// Why an item is not a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deferral {
    /// It comes with the next image that is built from the setup.
    NextImage,
    /// The same; bootc and libostree of this computer are too old to add it here.
    OlderBootc,
    /// It goes by itself at the next start.
    EndsAtRestart,
    /// This computer cannot change it.
    Fixed,
    /// The setup does not say which key it is signed with.
    NoKey,
    /// The image has no such file, so there is nothing to restore it from.
    NotOfImage,
    /// The setup has no place for it.
    NoPlace,
    /// The setup does not want its packages checked, which only the recipe does.
    Unchecked,
    /// Its value looks private, and nobody agreed to write it to the setup.
    Private,
}

/// Why bytes are no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// Too many bytes or steps.
    #[error("the plan is too large: {0}")]
    TooLarge(&'static str),
    /// Not a plan, or one with unknown parts or invalid names.
    #[error("the plan cannot be read: {0}")]
    Malformed(String),
    /// A format this version does not know.
    #[error("the plan has format {0}, not {FORMAT} {FORMAT_VERSION}")]
    Format(String),
    /// Spelled in another way than the one a plan has.
    #[error("the plan is not in its canonical form")]
    NotCanonical,
    /// A step whose parts contradict each other.
    #[error("step {0} of the plan contradicts itself: {1}")]
    Contradiction(usize, &'static str),
}

impl Plan {
    /// A plan of steps in running order.
    #[must_use]
    pub fn new(preconditions: Preconditions, mut steps: Vec<Step>, deferred: Vec<Deferred>) -> Self {
        steps.sort_by(|a, b| a.phase().cmp(&b.phase()).then_with(|| a.item.cmp(&b.item)));
        Self { format: FORMAT.to_owned(), format_version: FORMAT_VERSION.to_owned(), preconditions, steps, deferred }
    }

    /// The one spelling of this plan.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // A plan is made of strings, lists and maps with string keys, which always serialise.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads a plan back from its bytes.
    ///
    /// # Errors
    /// The bytes are not the canonical form of a valid plan.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PlanError> {
        if bytes.len() > MAX_BYTES {
            return Err(PlanError::TooLarge("more than 1 MiB"));
        }
        let plan: Self = serde_json::from_slice(bytes).map_err(|error| PlanError::Malformed(error.to_string()))?;
        if plan.format != FORMAT || plan.format_version != FORMAT_VERSION {
            let format: String = format!("{} {}", plan.format, plan.format_version).escape_debug().take(60).collect();
            return Err(PlanError::Format(format));
        }
        plan.check()?;
        if plan.to_bytes() != bytes {
            return Err(PlanError::NotCanonical);
        }
        Ok(plan)
    }

    /// Checks the limits, every step, and that each administrator step has its precondition.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), PlanError> {
        if self.steps.len() > MAX_STEPS || self.deferred.len() > MAX_STEPS {
            return Err(PlanError::TooLarge("more than 2000 steps"));
        }
        if self.admin_steps().count() > MAX_ADMIN_STEPS {
            return Err(PlanError::TooLarge("more than 500 administrator steps"));
        }
        let mut of_image = self.numbered().filter(|(_, step)| step.action.is_of_image());
        if let Some((index, _)) = of_image.nth(1) {
            return Err(PlanError::Contradiction(index, "one plan has one thing to do with the system’s image"));
        }
        for (index, step) in self.steps.iter().enumerate() {
            step.check().map_err(|why| PlanError::Contradiction(index + 1, why))?;
            if !self.preconditions.cover(&step.action) {
                return Err(PlanError::Contradiction(index + 1, "the state it was worked out from is missing"));
            }
        }
        Ok(())
    }

    /// The SHA-256 of the plan, in hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> String {
        hash(&self.to_bytes())
    }

    /// The first twelve digits of the hash, as shown to people.
    #[must_use]
    pub fn short(&self) -> String {
        self.sha256().chars().take(12).collect()
    }

    /// Whether there is nothing to run.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The steps that need an administrator, with their numbers from 1.
    pub fn admin_steps(&self) -> impl Iterator<Item = (usize, &Step)> {
        self.numbered().filter(|(_, step)| step.privilege == Privilege::Admin)
    }

    /// All steps with their numbers from 1.
    pub fn numbered(&self) -> impl Iterator<Item = (usize, &Step)> {
        self.steps.iter().enumerate().map(|(index, step)| (index + 1, step))
    }

    /// How many steps apply, capture, need an administrator, need a restart, and can be undone.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let count = |test: fn(&Step) -> bool| self.steps.iter().filter(|step| test(step)).count();
        Summary {
            apply: count(|step| step.direction == Direction::Apply),
            capture: count(|step| step.direction == Direction::Capture),
            needs_admin: count(|step| step.privilege == Privilege::Admin),
            needs_restart: count(|step| step.effect == Effect::Restart),
            reversible: count(|step| step.reversible),
        }
    }
}

/// The counts of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Steps that change the computer.
    pub apply: usize,
    /// Steps that change the setup.
    pub capture: usize,
    /// Steps that need an administrator.
    pub needs_admin: usize,
    /// Steps that take effect after a restart.
    pub needs_restart: usize,
    /// Steps that can be undone.
    pub reversible: usize,
}

/// The hash of a plan's bytes, in hexadecimal: SHA-256 over a tag and the bytes.
#[must_use]
pub fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::new().chain_update(HASH_TAG).chain_update(bytes).finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::Origin;

    fn plan() -> Plan {
        let step = Step::apply(
            ItemId::new(crate::item::Domain::Pkg, "htop"),
            Action::InstallPackage { name: "htop".parse().unwrap() },
            Effect::Now,
            Origin::SetupChanged,
        );
        let preconditions = Preconditions { rpmdb: Some("0".into()), ..Preconditions::default() };
        Plan::new(preconditions, vec![step], Vec::new())
    }

    #[test]
    fn a_plan_reads_back_from_its_bytes_and_one_changed_byte_is_noticed() {
        let plan = plan();
        let bytes = plan.to_bytes();
        assert_eq!(Plan::from_bytes(&bytes).unwrap(), plan);
        assert_eq!(plan.sha256(), hash(&bytes));
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_ne!(hash(&changed), plan.sha256());
            if let Ok(other) = Plan::from_bytes(&changed) {
                assert_ne!(other, plan);
            }
        }
    }

    #[test]
    fn what_is_not_a_plan_is_refused() {
        let text = String::from_utf8(plan().to_bytes()).unwrap();
        let refused = |text: String| Plan::from_bytes(text.as_bytes()).unwrap_err().to_string();
        assert!(refused(text.replace("install-package", "run-command")).contains("unknown variant"));
        assert!(
            refused(text.replace("\"name\":\"htop\"", "\"name\":\"-y\"")).contains("‘-y’ is not a valid package name")
        );
        assert!(refused(text.replace("\"name\":\"htop\"", "\"name\":\"a;b\"")).contains("‘a;b’"));
        assert!(refused(text.replace("\"name\":\"htop\"", "\"name\":\"nano\"")).contains("contradicts itself"));
        assert!(refused(text.replace("{\"format\"", "{ \"format\"")).contains("canonical"));
        assert!(refused(text.replace("\"1.0\"", "\"2.0\"")).contains("format"));
        assert!(refused(text.replace("\"steps\"", "\"shell\":1,\"steps\"")).contains("unknown field"));
        assert!(refused(" ".repeat(MAX_BYTES + 1)).contains("too large"));
    }
}
