// SPDX-License-Identifier: GPL-3.0-or-later
//! What the `bootc` and `rpm-ostree` stand-ins share: the state of a real ostree sysroot, read and
//! changed through the real `ostree` command. Nothing here is used outside lab hosts.
//!
//! Every state lives where ostree keeps it (deployments, origin files, boot entries, refs, the
//! staged deployment below /run); the stand-ins keep none of their own.

pub mod gvariant;
pub mod host;
pub mod kargs;
pub mod kargs_d;
pub mod keyfile;
pub mod lint;
pub mod ostree;
pub mod progress;
pub mod reference;
pub mod stage;
pub mod status;
pub mod sysroot;
