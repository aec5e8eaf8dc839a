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
    if holds_secret_field(value) {
        return Some(Private::Secret);
    }
    // Extensions are named like e-mail addresses.
    let names_extensions =
        item.key.contains("extension") || item.domain == Domain::Gsetting && item.key.contains("org.gnome.shell/");
    texts(value).into_iter().find_map(look_at).filter(|found| *found != Private::Address || !names_extensions)
}

/// Files and folders of a home that hold keys and passwords, whatever they look like.
const SECRET_FILES: [&str; 15] = [
    ".gnupg/",
    ".ssh/id_",
    ".netrc",
    ".pgpass",
    ".git-credentials",
    ".aws/",
    ".azure/",
    ".kube/",
    ".docker/config.json",
    ".config/gh/hosts.yml",
    ".config/rclone/",
    ".local/share/keyrings/",
    ".password-store/",
    ".mozilla/",
    ".thunderbird/",
];

/// How the names of key files end.
const SECRET_ENDS: [&str; 7] = [".pem", ".key", ".p12", ".pfx", ".kdbx", ".jks", ".keytab"];

/// Up to which size the content of a file is looked at, in bytes; a larger one is no file of settings.
const LOOKED_AT: usize = 1 << 20;

/// Whether a file looks private, from its path below the home, or `/`, and its content.
#[must_use]
pub fn look_at_file(path: &str, content: &[u8]) -> Option<Private> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let known = SECRET_FILES.iter().any(|secret| path.starts_with(secret)) && !name.ends_with(".pub");
    if known || SECRET_ENDS.iter().any(|end| name.ends_with(end)) || is_secret_name(name) {
        return Some(Private::Secret);
    }
    let key = b"PRIVATE KEY-----";
    if content.windows(key.len()).any(|window| window == key) {
        return Some(Private::Secret);
    }
    // In data that is no text, anything could look like a token.
    let text = std::str::from_utf8(content.get(..LOOKED_AT).unwrap_or(content)).ok()?;
    let mut found = None;
    for line in text.lines() {
        match look_at(line).or_else(|| assigned(line)) {
            Some(Private::Secret) => return Some(Private::Secret),
            other => found = found.or(other),
        }
    }
    found
}

/// `password = x`, `token: x`, and what else gives a secret a value.
fn assigned(line: &str) -> Option<Private> {
    let (name, value) = line.split_once(['=', ':'])?;
    let name = name.split_whitespace().next_back()?.trim_matches(['"', '\'']);
    let value = value.trim().trim_matches(['"', '\'', ',', ';']);
    let says_something = !matches!(value, "" | "true" | "false" | "null") && !value.starts_with('$');
    (says_something && is_secret_name(name)).then_some(Private::Secret)
}

fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    // A count, a switch or a time about passwords is no password.
    let about = ["enable", "show", "visible", "timeout", "length", "policy", "use-", "remember", "allow", "disable"];
    SECRET_NAMES.iter().any(|secret| name.contains(secret)) && !about.iter().any(|word| name.contains(word))
}

/// Whether a field is named like a secret and says something, as a variable of a box may.
fn holds_secret_field(value: &Json) -> bool {
    match value {
        Json::Object(fields) => fields.iter().any(|(name, value)| {
            let says_something = value.as_str().is_some_and(|text| !text.is_empty());
            says_something && is_secret_name(name) || holds_secret_field(value)
        }),
        Json::Array(list) => list.iter().any(holds_secret_field),
        _ => false,
    }
}

fn texts(value: &Json) -> Vec<&str> {
    match value {
        Json::String(text) => vec![text],
        Json::Array(list) => list.iter().flat_map(texts).collect(),
        // Checksums, of files too, and public keys look like secrets and are what everyone may know.
        Json::Object(fields) => {
            let told = |(name, _): &(&String, &Json)| !matches!(name.as_str(), "commit" | "gpg_key" | "sha256");
            fields.iter().filter(told).flat_map(|(_, value)| texts(value)).collect()
        }
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
    fn a_commit_is_no_secret_and_what_stands_beside_it_may_be_one() {
        let item = "flatpak:org.a.B".parse().unwrap();
        let value = |option: &str| serde_json::json!({"commit": "20f1108b".repeat(8), "overrides": [option]});
        assert_eq!(look(&item, &value("--filesystem=home")), None);
        assert_eq!(look(&item, &value("--env=API_TOKEN=abc")), Some(Private::Secret));
    }

    #[test]
    fn files_with_keys_tokens_and_addresses_are_seen() {
        for (path, text) in [
            (".ssh/id_ed25519", ""),
            (".config/x/server.pem", ""),
            (".netrc", "machine a"),
            (".config/api_token", "x"),
            (".config/x", "-----BEGIN RSA PRIVATE KEY-----\nabc"),
            (".config/x", "user = sam\npassword = hunter2\n"),
            (".npmrc", "//registry.example/:_authToken=npm_0123456789abcdef0123456789abcdef\n"),
            (".bashrc", "export GITHUB_TOKEN=ghp_abcdefghijklmnop1234\n"),
            (".gitconfig", "[user]\n\temail = sam@example.com\n"),
        ] {
            assert!(look_at_file(path, text.as_bytes()).is_some(), "{path} {text}");
        }
        assert!(look_at_file("x", b"\xff-----BEGIN PRIVATE KEY-----").is_some());
        for (path, text) in [
            (".bashrc", "# ~/.bashrc\nexport EDITOR=nano\nalias ll='ls -l'\nPATH=$HOME/.local/bin:$PATH\n"),
            (".ssh/id_ed25519.pub", ""),
            (".ssh/config", "Host example\n  IdentitiesOnly yes\n"),
            (".config/x", "show-password = true\npassword = \n"),
            (".vimrc", "set number\n"),
        ] {
            assert_eq!(look_at_file(path, text.as_bytes()), None, "{path} {text}");
        }
    }

    #[test]
    fn a_variable_named_like_a_secret_is_one() {
        let look = |value: Json| look(&"box:dev".parse().unwrap(), &value);
        let with = |name: &str, value: &str| serde_json::json!({"image": "a/b:1", "env": {name: value}});
        assert_eq!(look(with("API_TOKEN", "abc")), Some(Private::Secret));
        assert_eq!(look(with("API_TOKEN", "")), None);
        assert_eq!(look(with("EDITOR", "vim")), None);
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
