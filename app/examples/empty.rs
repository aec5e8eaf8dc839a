// SPDX-License-Identifier: GPL-3.0-or-later
//! The smallest libadwaita window: what Bucket's first frame and memory are measured against.

use relm4::adw::prelude::*;
use relm4::{adw, gtk};

fn main() -> gtk::glib::ExitCode {
    let app = adw::Application::builder().application_id("org.bkt.Empty").build();
    app.connect_activate(|app| {
        let view = adw::ToolbarView::new();
        view.add_top_bar(&adw::HeaderBar::new());
        view.set_content(Some(&adw::StatusPage::builder().title("Empty").build()));
        let window = adw::ApplicationWindow::builder().application(app).title("Empty");
        window.default_width(960).default_height(680).content(&view).build().present();
    });
    app.run()
}
