// SPDX-License-Identifier: GPL-3.0-or-later
//! Values that look private: they reach a setup, which is often a public repository, only with explicit consent.
//!
//! Invariant: a false alarm costs one option; a miss costs a secret, so what is doubtful counts as private.

use serde_json::Value as Json;

use crate::item::{Domain, ItemId};

/// What makes a value look private.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Private {
    /// A password, token or key.
    Secret,
    /// An e-mail address or a network address.
    Address,
    /// A path into somebody's home.
    Path,
}

/// Names of settings and variables that hold secrets.
const SECRET_NAMES: [&str; 11] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "api-key",
    "api_key",
    "credential",
    "auth-key",
    "private-key",
];

/// How tokens of well-known services begin.
const TOKEN_PREFIXES: [&str; 15] = [
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "sk-",
    "xoxb-",
    "xoxp-",
    "AKIA",
    "ASIA",
    "AIza",
    "eyJ",
    "hf_",
];

/// Whether a value of an item looks private.
#[must_use]
pub fn look(item: &ItemId, value: &Json) -> Option<Private> {
    let name = item.key.rsplit('/').next().unwrap_or_default();
    let says_something = value.as_str().is_some_and(|text| !matches!(text, "''" | "\"\"" | "" | "true" | "false"));
    if says_something && is_secret_name(name) {
        return Some(Private::Secret);
    }
    // Extensions are named like e-mail addresses.
    let names_extensions =
        item.key.contains("extension") || item.domain == Domain::Gsetting && item.key.contains("org.gnome.shell/");
    texts(value).into_iter().find_map(look_at).filter(|found| *found != Private::Address || !names_extensions)
}

fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    // A count, a switch or a time about passwords is no password.
    let about = ["enable", "show", "visible", "timeout", "length", "policy", "use-", "remember", "allow", "disable"];
    SECRET_NAMES.iter().any(|secret| name.contains(secret)) && !about.iter().any(|word| name.contains(word))
}

fn texts(value: &Json) -> Vec<&str> {
    match value {
        Json::String(text) => vec![text],
        Json::Array(list) => list.iter().flat_map(texts).collect(),
        Json::Object(fields) => fields.values().flat_map(texts).collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) => Vec::new(),
    }
}

fn look_at(text: &str) -> Option<Private> {
    if text.contains("PRIVATE KEY-----") || has_credentials(text) {
        return Some(Private::Secret);
    }
    let is_part_of_word = |c: char| c.is_ascii_alphanumeric() || "_-.@:/+~=%".contains(c);
    let words = text.split(|c: char| !is_part_of_word(c)).filter(|word| !word.is_empty());
    let mut found = None;
    for word in words {
        match look_at_word(word) {
            Some(Private::Secret) => return Some(Private::Secret),
            other => found = found.or(other),
        }
    }
    found
}

fn look_at_word(word: &str) -> Option<Private> {
    let value = word.rsplit('=').next().unwrap_or(word);
    if TOKEN_PREFIXES.iter().any(|prefix| value.starts_with(prefix) && value.len() >= prefix.len() + 12) {
        return Some(Private::Secret);
    }
    if let Some((name, value)) = word.rsplit_once('=')
        && !value.is_empty()
        && is_secret_name(name)
    {
        return Some(Private::Secret);
    }
    if is_email(word) || is_network_address(word) {
        return Some(Private::Address);
    }
    let path = word.rsplit(['=', ':']).next().unwrap_or(word);
    let path = path.strip_prefix("///").map_or(path, |_| &path[2..]);
    let path = path.strip_prefix("/var").unwrap_or(path);
    if path.strip_prefix("/home/").is_some_and(|rest| !rest.is_empty()) || path.starts_with("/root/") {
        return Some(Private::Path);
    }
    is_random(value).then_some(Private::Secret)
}

/// `scheme://user:password@host`.
fn has_credentials(text: &str) -> bool {
    text.split("://").skip(1).any(|rest| {
        let authority = rest.split(['/', '?', '#', ' ', '\'', '"']).next().unwrap_or_default();
        authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
    })
}

fn is_email(word: &str) -> bool {
    let Some((name, domain)) = word.split_once('@') else { return false };
    // Extensions, templates and D-Bus names hold an @, too, but end in no top-level domain that people have mail at.
    let ends =
        domain.rsplit_once('.').is_some_and(|(_, last)| last.len() >= 2 && last.chars().all(char::is_alphabetic));
    let is_unit =
        [".service", ".socket", ".timer", ".mount", ".target", ".path"].iter().any(|end| domain.ends_with(end));
    !name.is_empty() && ends && !is_unit && !domain.contains('@')
}

fn is_network_address(word: &str) -> bool {
    let host = word.rsplit_once("//").map_or(word, |(_, host)| host);
    let host = host.split(['/', '?']).next().unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, port)| if port.parse::<u16>().is_ok() { host } else { word });
    match host.parse::<std::net::IpAddr>() {
        Ok(address) => !address.is_loopback() && !address.is_unspecified(),
        Err(_) => false,
    }
}

/// Long text without words: 32 or more letters and digits, mixed as only keys are.
fn is_random(word: &str) -> bool {
    let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "+=_".contains(c));
    let count = |test: fn(&char) -> bool| word.chars().filter(test).count();
    let (digits, upper, lower) =
        (count(char::is_ascii_digit), count(char::is_ascii_uppercase), count(char::is_ascii_lowercase));
    plain && word.len() >= 32 && digits >= 4 && upper + lower >= 4
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(item: &str, value: &str) -> Option<Private> {
        look(&item.parse().unwrap(), &Json::from(value))
    }

    #[test]
    fn secrets_addresses_and_homes_are_seen() {
        for (item, value, why) in [
            ("gsetting:org.a/password", "'hunter2'", Private::Secret),
            ("gsetting:org.a/x", "'ghp_abcdefghijklmnop1234'", Private::Secret),
            ("gsetting:org.a/x", "'-----BEGIN OPENSSH PRIVATE KEY-----'", Private::Secret),
            ("gsetting:org.a/proxy", "'http://sam:secret@proxy.example:3128'", Private::Secret),
            ("gsetting:org.a/x", "'5f4dcc3b5aa765d61d8327deb882cf99'", Private::Secret),
            ("flatpak:org.a.B", "--env=API_TOKEN=abc", Private::Secret),
            ("gsetting:org.a/x", "['sam@example.com']", Private::Address),
            ("gsetting:org.a/host", "'192.168.1.20'", Private::Address),
            ("gsetting:org.a/host", "'ssh://10.0.0.5:2222/x'", Private::Address),
            ("gsetting:org.a/uri", "'file:///home/sam/Pictures/a.jpg'", Private::Path),
            ("flatpak:org.a.B", "--filesystem=/var/home/sam/x", Private::Path),
        ] {
            assert_eq!(of(item, value), Some(why), "{item} {value}");
        }
    }

    #[test]
    fn ordinary_values_are_not() {
        for (item, value) in [
            ("gsetting:org.gnome.desktop.interface/clock-format", "'24h'"),
            ("gsetting:org.gnome.shell/enabled-extensions", "['caffeine@patapon.info']"),
            ("gsetting:org.a/show-password", "true"),
            ("gsetting:org.a/password", "''"),
            ("gsetting:org.a/picture-uri", "'file:///usr/share/backgrounds/gnome/adwaita-l.jxl'"),
            ("gsetting:org.a/host", "'127.0.0.1'"),
            ("unit:getty@tty1.service", "enabled"),
            ("gsetting:org.a/version", "'1.2.3'"),
            ("gsetting:org.a/color", "'rgb(255,255,255)'"),
            ("flatpak:org.a.B", "--filesystem=home"),
        ] {
            assert_eq!(of(item, value), None, "{item} {value}");
        }
    }
}
