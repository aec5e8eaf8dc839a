// SPDX-License-Identifier: GPL-3.0-or-later
//! Remotes as flatpak 1.16 lists them, and as setups declare them.
//!
//! Invariant: `core/fixtures/flatpak/remotes.txt` was printed by flatpak.

use super::*;
use crate::host::recording::RecordingHost;
use crate::item::Domain;

const LISTED: &str = include_str!("../../../fixtures/flatpak/remotes.txt");

fn read(text: &str) -> Declarations {
    Reader::declarations(Manifest::FlatpakRemotes, Domain::Remote, text).unwrap().0
}

fn seen(declared: &str) -> BTreeMap<String, Observed> {
    entries(&parse(LISTED, None).unwrap(), &["plain".to_owned()], &read(declared))
}

#[test]
fn what_flatpak_lists_is_read_with_its_options() {
    let rows = parse(LISTED, None).unwrap();
    assert_eq!(rows.len(), 5);
    assert!(!rows[2].gpg_verify && rows[3].gpg_verify && rows[3].title.is_none());
    assert!(rows[4].filtered && !rows[4].enabled);
    assert_eq!(rows[4].title.as_deref(), Some("a\ttab"));
    assert_eq!(parse("error\n", None).unwrap(), []);
    let plain_http = parse("x\thttp://example.org/repo\tuser\t-\n", None).unwrap();
    assert_eq!(plain_http[0].url.as_ref().unwrap_err().code, "unsafe_remote");
}

#[test]
fn a_remote_in_both_scopes_is_two_items_and_the_plain_one_is_what_the_setup_asks_for() {
    assert_eq!(seen("{}").keys().collect::<Vec<_>>(), ["lab", "nokey", "plain", "system/lab"]);
    let system = r#"{"remotes": [{"name": "lab", "url": "file:///x", "scope": "system"}]}"#;
    assert_eq!(seen(system).keys().collect::<Vec<_>>(), ["lab", "nokey", "plain", "user/lab"]);
    let both =
        r#"{"remotes": [{"name": "lab", "url": "file:///x"}, {"name": "lab", "url": "file:///x", "scope": "user"}]}"#;
    assert_eq!(read(both).keys().collect::<Vec<_>>(), ["system/lab", "user/lab"]);
    assert_eq!(seen(both).keys().collect::<Vec<_>>(), ["nokey", "plain", "system/lab", "user/lab"]);
}

#[test]
fn what_the_system_brings_along_is_no_ones_choice() {
    let rows = parse("fedora\toci+https://registry.fedoraproject.org\tsystem,no-gpg-verify\tFedora\n", None).unwrap();
    assert!(!entries(&rows, &["fedora".to_owned()], &Declarations::new())["fedora"].own);
    assert!(entries(&rows, &[], &Declarations::new())["fedora"].own);
}

#[test]
fn an_address_in_the_clear_and_a_key_that_is_none_are_refused_by_line() {
    for (field, said) in [
        (r#""url": "http://example.org/repo""#, "does not start with https://"),
        (r#""url": "https://a@example.org/""#, "host"),
        (r#""url": "file://host/repo""#, "host"),
        (r#""url": "https://example.org/../x""#, "leads out"),
        (r#""url": "https://x", "gpg_key": "not a key""#, "base64"),
        (r#""url": "https://x", "gpg_verify": "no""#, "true or false"),
    ] {
        let text = format!("{{\"remotes\": [\n{{\"name\": \"x\", {field}}}]}}");
        let error = Reader::declarations(Manifest::FlatpakRemotes, Domain::Remote, &text).unwrap_err();
        assert!(error.line == 2 && error.to_string().contains(said), "{error}");
    }
}

#[test]
fn a_description_agrees_with_the_repository_beside_it() {
    let leads = |from: &str, to: &str| from.parse::<RemoteUrl>().unwrap().leads_to(&to.parse().unwrap());
    assert!(leads("https://dl.flathub.org/repo/flathub.flatpakrepo", "https://dl.flathub.org/repo/"));
    assert!(leads("https://flathub.org/repo/flathub.flatpakrepo", "https://dl.flathub.org/repo/"));
    assert!(leads("https://nightly.gnome.org/gnome-nightly.flatpakrepo", "https://nightly.gnome.org/repo/"));
    assert!(leads("https://dl.flathub.org/repo", "https://dl.flathub.org/repo/"));
    assert!(leads("file:///srv/lab.flatpakrepo", "file:///srv/repo"));
    assert!(!leads("https://dl.flathub.org/repo/flathub.flatpakrepo", "https://dl.flathub.org/beta-repo/"));
    assert!(!leads("https://dl.flathub.org/repo/flathub.flatpakrepo", "https://evildl.flathub.org/repo/"));
    assert!(!leads("https://dl.flathub.org/repo/flathub.flatpakrepo", "https://dl.flathub.org/repo-x/"));
}

#[test]
fn signatures_that_are_not_checked_are_a_difference_and_never_asked_for_in_silence() {
    let declared =
        read(r#"{"remotes": [{"name": "nokey", "url": "file:///var/cache/lab/flatpak/repo", "scope": "user"}]}"#);
    let seen = seen("{}");
    let (wanted, here) = (declared["nokey"].value.as_ref().unwrap(), seen["nokey"].value.as_ref().unwrap());
    assert!(!wanted.is_met_by(here));
    assert!(here.to_string().contains("NOT checked"));
    assert!(!of(Some(wanted)).unwrap().can_be_added());
    let sentence = Remotes.sentence("nokey", None, Some(here)).unwrap();
    assert!(sentence.contains("WITHOUT checking signatures"), "{sentence}");
}

#[test]
fn a_remote_whose_file_names_no_key_is_taken_back() {
    let to = RemoteSource {
        url: "file:///x/nokey.flatpakrepo".parse().unwrap(),
        scope: Scope::User,
        filtered: None,
        gpg_verify: true,
        gpg_key: None,
    };
    let listing = "flatpak remotes --show-disabled --user --columns=name,url,options,title";
    let delete = "flatpak remote-delete --force --user nokey";
    let host = RecordingHost::default()
        .prints("flatpak remote-add --user --from nokey file:///x/nokey.flatpakrepo", "")
        .prints(listing, &LISTED.replace("\tuser,", "\t"))
        .prints(delete, "");
    let error = add(&host, &"nokey".parse().unwrap(), &to, &mut |_| {}).unwrap_err();
    assert_eq!(error.code, "unsigned_remote");
    assert_eq!(host.effects().last().map(String::as_str), Some(delete));
}

#[test]
fn a_remote_with_something_installed_from_it_stays() {
    let list = "flatpak list --all --user --columns=origin,application";
    let host = RecordingHost::default().prints(list, "lab\torg.gnome.Boxes\nlab\torg.gnome.Maps\n\torg.x.Y\n");
    let error = remove(&host, &"lab".parse().unwrap(), Scope::User).unwrap_err();
    assert_eq!((error.code.as_ref(), host.effects().len()), ("in_use", 1));
    assert!(error.message.contains("org.gnome.Boxes and org.gnome.Maps"), "{}", error.message);
}

#[test]
fn an_entry_is_found_by_name_and_scope() {
    let text = "{\n  \"remotes\": [\n    {\"name\": \"lab\", \"url\": \"file:///x\"}\n  ]\n}\n";
    let user = Value::Remote(RemoteSource {
        url: "https://x.org/x.flatpakrepo".parse().unwrap(),
        scope: Scope::User,
        filtered: None,
        gpg_verify: true,
        gpg_key: None,
    });
    let edit = |text: &str, key: &str, value: Option<&Value>| {
        crate::manifest::edit::edited(Manifest::FlatpakRemotes, text, &format!("remote:{key}").parse().unwrap(), value)
            .unwrap()
    };
    let both = edit(text, "user/lab", Some(&user));
    assert_eq!(read(&both).keys().collect::<Vec<_>>(), ["system/lab", "user/lab"]);
    assert!(Remotes.said(&read(&both), "lab", Some(&user)).is_some());
    assert_eq!(edit(&both, "user/lab", None), text);
    assert_eq!(read(&edit(text, "lab", None)), Declarations::new());
}
