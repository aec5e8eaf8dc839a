// SPDX-License-Identifier: GPL-3.0-or-later
//! From a reviewed plan to its result.
//!
//! Invariant: one run at a time; a refused one leaves its plan on the screen with the reason.

use std::sync::Arc;

use bkt_core::i18n::gettext;
use bkt_core::run::Receipt;
use relm4::ComponentController;
use relm4::adw::prelude::*;

use super::App;
use crate::engine::{EngineMsg, Failure, Review};
use crate::notices;
use crate::pages::plan::{PlanMsg, Refused};
use crate::pages::run::RunMsg;
use crate::pages::sidebar::SidebarMsg;
use crate::view::run;

impl App {
    pub(super) fn apply(&mut self, review: Arc<Review>) {
        if self.running.get() {
            return;
        }
        if review.plan.is_empty() {
            // Nothing to watch: the list says the rest.
            return self.engine.emit(EngineMsg::Run(review));
        }
        self.run.emit(RunMsg::Start(Box::new(review.plan.clone())));
        self.navigation.push(self.run.widget());
        self.sidebar.emit(SidebarMsg::Busy(true));
        self.running.set(true);
        self.engine.emit(EngineMsg::Run(review));
    }

    pub(super) fn ended(&mut self, result: Result<Arc<Receipt>, Failure>) {
        self.running.set(false);
        self.run.emit(RunMsg::Ended);
        match result {
            Err(Failure::Stale(_)) => self.refused(Refused::Stale),
            Err(failure) => {
                self.navigation.pop_to_plan();
                self.toast(&failure.text());
            }
            Ok(receipt) => {
                let shown = run::Run::of_receipt(&receipt);
                match shown.refusal() {
                    Some(code) if run::nothing_changed(&receipt.operations) => self.refused(Refused::of(code)),
                    _ => {
                        self.navigation.show_after_root(self.run.widget());
                        self.notify(&shown);
                    }
                }
            }
        }
        if !self.window.is_visible() {
            self.window.destroy();
            return;
        }
        self.check();
    }

    pub(super) fn refused(&mut self, refused: Refused) {
        self.navigation.pop_to_plan();
        self.plan.emit(PlanMsg::Refused(refused));
        self.toast(&gettext("Nothing was changed"));
    }

    pub(super) fn notify(&self, run: &run::Run) {
        if !self.window.is_active() {
            notices::run(&self.application, &run.result(), &run.after());
        }
    }
}
