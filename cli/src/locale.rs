// SPDX-License-Identifier: GPL-3.0-or-later
//! The language of the person.
//!
//! Invariant: called once, before any thread exists; where no translation is found the sentences are English.

use bkt_core::i18n::TEXT_DOMAIN;
use gettextrs::LocaleCategory;

const LOCALE_DIR: &str = match option_env!("LOCALEDIR") {
    Some(directory) => directory,
    None => "/usr/share/locale",
};

/// Takes the language from the environment and finds the translations.
#[expect(unsafe_code, reason = "setlocale(3) must be called once; no other thread runs yet")]
pub(crate) fn init() {
    // SAFETY: main calls this first, while it is the only thread.
    unsafe { gettextrs::setlocale(LocaleCategory::LcAll, "") };
    // Without translations everything still works, in English.
    let _ = gettextrs::bindtextdomain(TEXT_DOMAIN, LOCALE_DIR);
    let _ = gettextrs::bind_textdomain_codeset(TEXT_DOMAIN, "UTF-8");
    let _ = gettextrs::textdomain(TEXT_DOMAIN);
}
