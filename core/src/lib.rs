// SPDX-License-Identifier: GPL-3.0-or-later
//! Everything Bucket decides, without a screen or a bus.
//!
//! The flow is one direction at a time: a [`setup::Setup`] says what is *declared*, each [`domain`]
//! reads what is *observed* through a [`host::Host`], [`agreed::Agreed`] remembers what both sides last
//! had in common, and [`compare`] turns the three into [`compare::Change`]s. Decisions about changes
//! become a [`plan::Plan`], an immutable value whose bytes are what is reviewed, authorised and run;
//! [`run`] executes it and leaves a receipt.
//!
//! Invariant: nothing in this crate prints, reads the environment or starts a program except through
//! [`host::Host`]; all sentences a person sees come from [`describe`] and the errors' `Display`.

pub mod agreed;
pub mod changelog;
pub mod compare;
pub mod deployment;
pub mod describe;
pub mod dev;
pub mod digest;
pub mod document;
pub mod domain;
pub(crate) mod fetch;
pub mod files;
pub mod first_boot;
pub mod host;
pub mod i18n;
pub mod ignore;
pub mod item;
pub mod kept;
mod keyfile;
pub mod manifest;
pub mod name;
pub mod notice;
pub mod plan;
pub mod private;
pub mod problem;
pub mod provenance;
pub mod recipe;
pub mod repository;
pub mod run;
pub mod schema;
pub mod session;
pub mod setup;
pub mod start;
pub mod temporary;
pub mod topgrade;
pub mod tree;
pub mod updates;
pub mod value;
