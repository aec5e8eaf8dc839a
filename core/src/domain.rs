// SPDX-License-Identifier: GPL-3.0-or-later
//! One module per kind of item: how it is declared, observed and changed.
//!
//! Every module implements [`Kind`]: `declared` (manifest to declarations), `observe` (host to observation)
//! with its `parse` functions apart from the reading, `places` (value to manifest), and the actions that apply
//! a change.
//!
//! Invariant: a domain that cannot be read answers with a [`Problem`], which hides no other domain.

pub mod appimage;
pub mod bin;
pub mod boxes;
pub mod brew;
pub mod copr;
pub mod etc;
pub mod ext;
pub mod flatpak;
pub mod gsetting;
pub mod karg;
pub mod pkg;
pub mod remote;
pub mod shim;
pub mod skel;
pub mod unit;

use std::collections::BTreeMap;

use jsonc_parser::ast::Object;
use serde_json::Value as Json;

use crate::compare::{Change, Effect, Privilege, Shape};
use crate::deployment::{HostKind, System};
use crate::host::Host;
use crate::item::Domain;
use crate::manifest::place::Edit;
use crate::manifest::{Declaration, Declarations, Manifest, ManifestError, Reader};
use crate::name::NameError;
use crate::plan::{Action, Deferral};
use crate::problem::Problem;
use crate::value::Value;

/// What the computer says about the items of one domain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observation {
    /// What was read, by key. A declared key that is missing here is not on the computer.
    pub entries: BTreeMap<String, Observed>,
    /// The state a plan is made from, as a digest, where one covers the whole domain (the rpm database).
    pub cookie: Option<String>,
}

/// What the computer says about one item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// Its value; `None` when it is not there.
    pub value: Option<Value>,
    /// Whether it counts as a change when the setup does not mention it: someone added it to this computer.
    /// Base-image content, dependencies and defaults never do.
    pub own: bool,
    /// What people call it.
    pub name: Option<String>,
    /// The value becomes true only after a restart; what runs now is different.
    pub after_restart: bool,
    /// Nothing on the computer asks for the value: it is what is there when nobody chose one.
    pub by_default: bool,
    /// The setup's value in the computer's own spelling, to compare by value instead of by text.
    pub declared_as: Option<Value>,
    /// Why this one item could not be compared.
    pub problem: Option<Problem>,
    /// Why this one item cannot be changed here, although it can be compared.
    pub fixed: Option<String>,
    /// What the setup says of it comes to this computer with an image alone.
    pub by_image: bool,
    /// What it holds looks private, which its value does not tell.
    pub private: bool,
}

impl Observed {
    /// An item with a value.
    #[must_use]
    pub fn of(value: Value) -> Self {
        Self { value: Some(value), ..Self::default() }
    }
}

/// What a domain looks at.
#[derive(Clone, Copy)]
pub struct Look<'l> {
    /// The computer.
    pub host: &'l dyn Host,
    /// Its system.
    pub system: &'l System,
    /// What the setup says about the domain.
    pub declared: &'l Declarations,
}

impl std::fmt::Debug for Look<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Look").field("declared", &self.declared.len()).finish_non_exhaustive()
    }
}

/// Receives what a tool prints while it works, line by line.
pub type Log<'l> = &'l mut dyn FnMut(&str);

/// What applying a change takes: actions, an invalid name, or the reason why no action can do it.
pub type Actions = Result<Result<Vec<Action>, NameError>, Deferral>;

/// One kind of item: everything Bucket decides about it that other kinds decide in another way.
pub trait Kind: Sync {
    /// The manifest a captured item is written to.
    fn manifest(&self) -> Manifest;

    /// Reads the declarations out of a manifest; those of a [`crate::tree::Tree`] are its files.
    ///
    /// # Errors
    /// Its shape is another one, or it names something no tool would accept.
    fn declared(&self, _reader: &mut Reader, _root: &Object<'_>) -> Result<Declarations, ManifestError> {
        Ok(Declarations::new())
    }

    /// What to write instead of an entry of that name that cannot be read.
    fn advice(&self, _key: &str) -> Option<String> {
        None
    }

    /// Reads the computer, in one pass.
    ///
    /// # Errors
    /// It could not be read at all; the problem says why.
    fn observe(&self, look: &Look<'_>) -> Result<Observation, Problem>;

    /// Reads the JSON form of a value back; `None` when it is not of this kind's form.
    fn value(&self, json: &Json) -> Option<Value>;

    /// How an item is written to its manifest, or taken out; `None` when that cannot be.
    fn places(&self, _key: &str, _value: Option<&Value>) -> Option<Vec<Edit>> {
        None
    }

    /// The same for one of the manifests, where more than one declares such items.
    fn places_in(&self, _manifest: Manifest, key: &str, value: Option<&Value>) -> Option<Vec<Edit>> {
        self.places(key, value)
    }

    /// The value a declaration was written as.
    fn written(&self, declaration: &Declaration) -> Option<Value> {
        declaration.value.clone()
    }

    /// What the setup says about an item; where the key of an item depends on what else the setup holds, under
    /// whichever key that is.
    fn said<'d>(&self, declared: &'d Declarations, key: &str, _value: Option<&Value>) -> Option<&'d Declaration> {
        declared.get(key)
    }

    /// The name people know an item by, where its key says more only to tell it from others of the same name.
    fn plain<'k>(&self, key: &'k str) -> &'k str {
        key
    }

    /// A key that names one item with this value whatever else there is of the same name.
    fn qualified(&self, key: &str, _value: &Value) -> String {
        key.to_owned()
    }

    /// Whether applying a change would take something from the computer that the setup may never have been asked
    /// about, so that no unattended run does it.
    fn takes_away(&self, _change: &Change) -> bool {
        false
    }

    /// Whether a change of the computer may be suggested for capture; what should be looked at first is not.
    fn is_suggestible(&self, _change: &Change) -> bool {
        true
    }

    /// Whether the computer has a value for every possible key (a unit always has a state, a setting always a
    /// value), so that leaving the setup means "no longer managed", not "remove it".
    fn is_total(&self) -> bool {
        false
    }

    /// Whether a computer with this value, which no setup mentions, is as good as one without the item.
    fn is_unremarkable(&self, _value: &Value) -> bool {
        false
    }

    /// Whether an item is compared with the computer. What is not is the image's alone.
    fn is_compared(&self, _key: &str) -> bool {
        true
    }

    /// Whether such items are the person's own choice, so that what changed here is suggested for capture.
    fn is_personal(&self) -> bool {
        true
    }

    /// When a change of such an item becomes real.
    fn effect(&self, _system: HostKind, _shape: Shape) -> Effect {
        Effect::Now
    }

    /// The same, where it also depends on what the sides are.
    fn effect_of(&self, change: &Change, system: HostKind) -> Effect {
        self.effect(system, change.shape)
    }

    /// Who may apply a change to, or from, this value.
    fn privilege(&self, _value: Option<&Value>) -> Privilege {
        Privilege::User
    }

    /// Whether the first start of a new deployment applies such items, in the system's own part or in the person's.
    fn at_first_boot(&self, _system: HostKind, part: Privilege) -> bool {
        part == Privilege::User
    }

    /// What applying a change takes. As a rule one step that [`Kind::perform`] does.
    fn actions(&self, change: &Change, _system: HostKind) -> Actions {
        Ok(Ok(vec![Action::SetOwn { value: change.setup.as_ref().map(|value| serde_json::json!(value)) }]))
    }

    /// What a capture writes: the computer's value, without the details the setup left open.
    fn captured(&self, change: &Change) -> Option<Value> {
        change.computer.clone()
    }

    /// What an [`Action::SetOwn`] does, as one imperative sentence, where the general one would not do.
    fn sentence(&self, _key: &str, _from: Option<&Value>, _to: Option<&Value>) -> Option<String> {
        None
    }

    /// Whether an [`Action::SetOwn`] can be taken back with nothing lost.
    fn is_reversible(&self, _from: Option<&Value>, _to: Option<&Value>) -> bool {
        true
    }

    /// Whether [`Action::SetOwn`] may name such an item: it is the person's own and [`Kind::perform`] is there.
    fn is_own(&self) -> bool {
        false
    }

    /// Does one [`Action::SetOwn`]: brings the person's own item to a value, `None` being absent.
    ///
    /// # Errors
    /// What happened instead; the caller reads the result back itself.
    fn perform(&self, _host: &dyn Host, key: &str, _to: Option<&Value>, _log: Log<'_>) -> Result<(), Problem> {
        Err(Problem::new("internal", format!("{key} is not changed in this way")))
    }
}

/// The module of a domain.
#[must_use]
pub fn kind(domain: Domain) -> &'static dyn Kind {
    match domain {
        Domain::Copr => &copr::Projects,
        Domain::Pkg => &pkg::Packages,
        Domain::Karg => &karg::KernelArguments,
        Domain::Unit => &unit::Units,
        Domain::Gsetting => &gsetting::Settings,
        Domain::Remote => &remote::Remotes,
        Domain::Flatpak => &flatpak::Applications,
        Domain::Ext => &ext::Extensions,
        Domain::Shim => &shim::Shims,
        Domain::Skel => &skel::HomeFiles,
        Domain::Etc => &etc::SystemFiles,
        Domain::Brew => &brew::Formulae,
        Domain::Bin => &bin::Binaries,
        Domain::AppImage => &appimage::AppImages,
        Domain::Box => &boxes::Boxes,
    }
}
