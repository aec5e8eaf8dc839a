// SPDX-License-Identifier: GPL-3.0-or-later
//! Which page is shown: the sidebar's pages, each with the pages opened on top of it.
//!
//! Invariant: going to another page and back shows what was left there.

use std::collections::HashMap;

use relm4::adw::prelude::*;
use relm4::{Sender, adw};

use super::AppMsg;
use crate::view::overview::Place;

/// The pages and what is on top of each.
#[derive(Debug)]
pub(crate) struct Navigation {
    split: adw::NavigationSplitView,
    view: adw::NavigationView,
    place: Place,
    stacks: HashMap<Place, Vec<adw::NavigationPage>>,
}

impl Navigation {
    /// Shows the first of some pages.
    pub(crate) fn new(
        split: &adw::NavigationSplitView,
        view: &adw::NavigationView,
        pages: [(Place, &adw::NavigationPage); 3],
    ) -> Self {
        let stacks = pages.into_iter().map(|(place, page)| (place, vec![page.clone()])).collect();
        let (split, view) = (split.clone(), view.clone());
        let mut navigation = Self { split, view, place: Place::Overview, stacks };
        navigation.restore(Place::Overview);
        navigation
    }

    fn restore(&mut self, place: Place) {
        self.place = place;
        if let Some(stack) = self.stacks.get(&place) {
            self.view.replace(stack);
        }
    }

    fn stack(&self) -> Vec<adw::NavigationPage> {
        let stack = self.view.navigation_stack();
        stack.iter::<adw::NavigationPage>().filter_map(Result::ok).collect()
    }

    /// Goes to a page of the sidebar; on the page itself, back to its list.
    pub(crate) fn go(&mut self, place: Place) {
        if place == self.place {
            if let Some(root) = self.stack().first() {
                self.view.pop_to_page(root);
            }
        } else {
            self.stacks.insert(self.place, self.stack());
            // A page can be on one stack only; the run, for example, may have moved to History.
            let elsewhere: Vec<_> = self.stacks.remove(&place).unwrap_or_default();
            self.stacks.insert(place, elsewhere);
            self.restore(place);
        }
        self.split.set_show_content(true);
    }

    /// Opens a page on top of what is shown.
    pub(crate) fn push(&mut self, page: &adw::NavigationPage) {
        for (place, stack) in &mut self.stacks {
            if *place != self.place {
                stack.retain(|known| known != page);
            }
        }
        if self.stack().contains(page) {
            self.view.pop_to_page(page);
        } else {
            self.view.push(page);
        }
        self.split.set_show_content(true);
    }

    /// Shows a page as the only one on top of the list.
    pub(crate) fn show_after_root(&mut self, page: &adw::NavigationPage) {
        let shown = self.stack();
        if shown.len() == 1 {
            return self.push(page);
        }
        let root = shown.first().cloned();
        for stack in self.stacks.values_mut() {
            stack.retain(|known| known != page);
        }
        self.view.replace(&root.into_iter().chain([page.clone()]).collect::<Vec<_>>());
    }

    /// Goes back to the plan, when it is below what is shown.
    pub(crate) fn pop_to_plan(&self) {
        self.view.pop_to_tag("plan");
    }

    /// The tag of what is shown.
    pub(crate) fn tag(&self) -> Option<String> {
        self.view.visible_page().and_then(|page| page.tag()).map(Into::into)
    }
}

/// Folds the sidebar on narrow windows and tells the list of narrower ones.
pub(crate) fn breakpoints(window: &adw::ApplicationWindow, split: &adw::NavigationSplitView, input: &Sender<AppMsg>) {
    let folded = |condition: &str| {
        let breakpoint = adw::BreakpointCondition::parse(condition).ok().map(adw::Breakpoint::new);
        if let Some(breakpoint) = &breakpoint {
            breakpoint.add_setter(split, "collapsed", Some(&true.to_value()));
        }
        breakpoint
    };
    if let Some(breakpoint) = folded("max-width: 640sp") {
        window.add_breakpoint(breakpoint);
    }
    // Only the last breakpoint that fits is in force, so this one folds the sidebar as well.
    if let Some(breakpoint) = folded("max-width: 420sp") {
        let (narrow, wide) = (input.clone(), input.clone());
        breakpoint.connect_apply(move |_| narrow.emit(AppMsg::Narrow(true)));
        breakpoint.connect_unapply(move |_| wide.emit(AppMsg::Narrow(false)));
        window.add_breakpoint(breakpoint);
    }
}
