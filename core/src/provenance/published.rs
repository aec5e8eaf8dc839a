// SPDX-License-Identifier: GPL-3.0-or-later
//! Which commit an image was built from that this computer need not have: by podman where it has the image, else by
//! skopeo from its registry.
//!
//! An image says it in a label or an annotation, and has both from its base image where whoever built it set neither
//! anew. So of what it says the first counts that is a commit of the setup.
//!
//! Invariant: every failure says what became of which image, and the one next step.

use serde_json::Value as Json;

use super::annotations::REVISION;
use crate::host::{Host, HostError, Invocation, last_words};
use crate::i18n::{fill, gettext};
use crate::name::SystemImage;
use crate::problem::Problem;
use crate::repository::Repository;
use crate::repository::between::Commit;

/// The commit of the setup an image says it was built from.
///
/// # Errors
/// The image cannot be found or looked at, names no commit, or one the setup does not have.
pub fn built_from(repository: &Repository<'_>, host: &dyn Host, image: &SystemImage) -> Result<Commit, Problem> {
    let mut unknown = None;
    let mut known = |told: &str| -> Result<Option<Commit>, Problem> {
        for revision in revisions(told) {
            if let Some(commit) = repository.known_commit(&revision)? {
                return Ok(Some(commit));
            }
            unknown.get_or_insert(revision);
        }
        Ok(None)
    };
    if let Some(told) = stored(host, image)? {
        if let Some(commit) = known(&told)? {
            return Ok(commit);
        }
    } else {
        // The first does not tell annotations, the second nothing else.
        let mut told = String::new();
        for part in ["--no-tags", "--raw"] {
            told = fetched(host, image.name(), part)?;
            if let Some(commit) = known(&told)? {
                return Ok(commit);
            }
        }
        // Images for several architectures each have annotations of their own, behind those of their list.
        if let Some(digest) = listed(&told, std::env::consts::ARCH) {
            let one = format!("{}@{digest}", repository_of(image.name()));
            if let Some(commit) = known(&fetched(host, &one, "--raw")?)? {
                return Ok(commit);
            }
        }
    }
    let name = [("image", image.name())];
    Err(match unknown {
        Some(revision) => {
            let sentence = gettext("{image} was built from {commit}, which is no commit of the setup");
            Problem::new("unknown_commit", fill(&sentence, &[("image", image.name()), ("commit", &revision)]))
                .hinted(gettext("If somebody else pushed it, ‘git fetch --all’ gets it"))
        }
        None => {
            let sentence = gettext("{image} does not say which commit it was built from");
            Problem::new("no_revision", fill(&sentence, &name))
                .hinted(gettext("Build it with ‘--build-arg BKT_REVISION=COMMIT’"))
        }
    })
}

/// What podman tells of an image it has.
fn stored(host: &dyn Host, image: &SystemImage) -> Result<Option<String>, Problem> {
    let asked = host.run(&Invocation::new("podman", ["image", "inspect", "--", image.name()]));
    // What a build without a registry is called has no other place, either.
    if !image.is_stored() && !image.name().starts_with("localhost/") {
        return Ok(asked.ok().filter(|output| output.status == 0).map(|output| output.stdout));
    }
    let output = asked.map_err(missing)?;
    let problem = if output.stderr.contains("image not known") {
        let sentence = gettext("podman has no image {image}");
        Problem::new("image_unknown", fill(&sentence, &[("image", image.name())]))
    } else {
        match output.success("podman") {
            Ok(told) => return Ok(Some(told)),
            Err(error) => error.into(),
        }
    };
    Err(problem.hinted(gettext("‘podman images’ lists those it has")))
}

/// What skopeo tells of an image in a registry, which it waits for for a minute.
fn fetched(host: &dyn Host, image: &str, part: &str) -> Result<String, Problem> {
    let address = format!("docker://{image}");
    let ask = Invocation::new("skopeo", ["--command-timeout", "60s", "inspect", part, &address]);
    let output = host.run(&ask).map_err(missing)?;
    if output.status == 0 { Ok(output.stdout) } else { Err(refused(image, &output.stderr)) }
}

/// The name of an image without its tag and digest.
fn repository_of(name: &str) -> &str {
    let repository = name.split_once('@').map_or(name, |(repository, _)| repository);
    let tag = repository.rfind(':').filter(|colon| !repository[*colon..].contains('/'));
    &repository[..tag.unwrap_or(repository.len())]
}

/// The digest of the image for an architecture in a list of images (OCI image index, `manifests`).
fn listed(text: &str, architecture: &str) -> Option<String> {
    // What Rust and OCI, after Go, call it.
    let architecture = match architecture {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "powerpc64" => "ppc64le",
        other => other,
    };
    let list: Json = serde_json::from_str(text).ok()?;
    let is_ours = |image: &&Json| image["platform"]["architecture"] == architecture;
    let digest = list.get("manifests")?.as_array()?.iter().find(is_ours)?.get("digest")?.as_str()?;
    let hex = digest.strip_prefix("sha256:")?;
    (hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| digest.to_owned())
}

fn missing(error: HostError) -> Problem {
    let is_missing = matches!(error, HostError::Missing(_));
    let problem = Problem::from(error);
    if is_missing { problem.hinted(gettext("Install it")) } else { problem }
}

/// Why skopeo could not look at an image, from the line of its log that says so.
fn refused(name: &str, said: &str) -> Problem {
    let registry = name.split_once('/').map_or(name, |(registry, _)| registry);
    let reason = message(said);
    let reason = reason.strip_prefix(&format!("Error parsing image name \"docker://{name}\": ")).unwrap_or(&reason);
    let says = |words: &[&str]| words.iter().any(|word| reason.to_lowercase().contains(word));
    let asked = [("image", name), ("registry", registry)];
    if says(&["pinging container registry"]) {
        let why = reason.rsplit_once("/v2/\": ").map_or(reason, |(_, why)| why);
        let sentence = fill(
            &gettext("{registry} could not be asked for {image}: {reason}"),
            &[asked[0], asked[1], ("reason", why)],
        );
        let hint = if says(&["http response to https"]) {
            gettext(
                "Without TLS it is asked where a file in /etc/containers/registries.conf.d says ‘insecure = true’ of it",
            )
        } else {
            gettext("Check the name and the connection, and try again")
        };
        return Problem::new("registry_failed", sentence).hinted(hint);
    }
    if says(&["manifest unknown", "name unknown", "repository name not known", "not found"]) {
        let repository = repository_of(name);
        let hint = gettext("‘skopeo list-tags docker://{name}’ lists what it has by that name");
        return Problem::new("image_unknown", fill(&gettext("{registry} has no image {image}"), &asked))
            .hinted(fill(&hint, &[("name", repository)]));
    }
    if says(&["authentication required", "unauthorized", "denied", "forbidden"]) {
        let hint = fill(&gettext("If it is there, sign in with ‘skopeo login {registry}’"), &asked);
        return Problem::new("image_denied", fill(&gettext("{registry} does not show {image} to everyone"), &asked))
            .hinted(hint);
    }
    let error = HostError::Failed { program: "skopeo".to_owned(), reason: reason.to_owned() };
    Problem::from(error).hinted(fill(&gettext("‘skopeo --debug inspect docker://{image}’ tells more"), &asked))
}

/// What the last line of a log of skopeo says: `time="…" level=fatal msg="…"`, with its quotes escaped.
fn message(said: &str) -> String {
    let line = said.trim_end();
    let message = line.rsplit_once(" msg=\"").and_then(|(_, message)| message.strip_suffix('"'));
    last_words(&message.map_or_else(|| line.to_owned(), |message| message.replace("\\\"", "\"")))
}

/// The commits in what podman or skopeo tell of an image.
fn revisions(text: &str) -> Vec<String> {
    let told: Json = serde_json::from_str(text).unwrap_or_default();
    let image = told.get(0).unwrap_or(&told);
    let told =
        ["Labels", "Annotations", "annotations"].iter().filter_map(|kind| image.get(kind)?.get(REVISION)?.as_str());
    told.filter(|word| super::is_commit(word)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tool_names_the_commit() {
        let (commit, other) = ("1".repeat(40), "2".repeat(40));
        for (text, want) in [
            (
                format!(r#"[{{"Annotations": {{"{REVISION}": "{commit}"}}, "Labels": {{"{REVISION}": "{other}"}}}}]"#),
                vec![&other, &commit],
            ),
            (format!(r#"[{{"Annotations": null, "Labels": {{"{REVISION}": "{commit}"}}}}]"#), vec![&commit]),
            (format!(r#"{{"Name": "a", "Labels": {{"{REVISION}": "{commit}"}}}}"#), vec![&commit]),
            (format!(r#"{{"schemaVersion": 2, "annotations": {{"{REVISION}": "{commit}"}}}}"#), vec![&commit]),
        ] {
            assert_eq!(revisions(&text).iter().collect::<Vec<_>>(), want, "{text}");
        }
        let branch = format!(r#"{{"Labels": {{"{REVISION}": "main"}}}}"#);
        for nothing in ["[]", "{}", "", r#"{"Labels": null}"#, &branch] {
            assert!(revisions(nothing).is_empty(), "{nothing}");
        }
    }

    #[test]
    fn the_image_for_this_architecture_is_found_in_a_list() {
        let digest = |n: u8| format!("sha256:{n:064}");
        let one = |n: u8, architecture: &str| {
            format!(r#"{{"digest": "{}", "platform": {{"os": "linux", "architecture": "{architecture}"}}}}"#, digest(n))
        };
        let list = format!(r#"{{"manifests": [{}, {}]}}"#, one(1, "arm64"), one(2, "amd64"));
        assert_eq!(listed(&list, "x86_64"), Some(digest(2)));
        assert_eq!(listed(&list, "aarch64"), Some(digest(1)));
        assert_eq!(listed(&list, "s390x"), None);
        let option = list.replace(&digest(2), "--config=x");
        for nothing in ["{}", "[]", "", r#"{"manifests": 1}"#, &option] {
            assert_eq!(listed(nothing, "x86_64"), None, "{nothing}");
        }
        for name in ["reg:5000/a/b", "reg:5000/a/b:1", "reg:5000/a/b@sha256:0", "reg:5000/a/b:1@sha256:0"] {
            assert_eq!(repository_of(name), "reg:5000/a/b");
        }
    }

    #[test]
    fn what_skopeo_says_in_its_log_is_told_in_a_sentence() {
        let log = |image: &str, why: &str| {
            let line = "time=\"2026-11-27T02:34:02Z\" level=fatal msg=\"Error parsing image name";
            format!("warning: a line before\n{line} \\\"docker://{image}\\\": {why}\"\n")
        };
        let ping = |why: &str| format!("pinging container registry reg:5000: Get \\\"https://reg:5000/v2/\\\": {why}");
        let https = ping("http: server gave HTTP response to HTTPS client");
        let refused_there = ping("dial tcp 127.0.0.1:5000: connect: connection refused");
        for (image, why, code, sentence, hint) in [
            (
                "reg:5000/a/b:1",
                &*refused_there,
                "registry_failed",
                "reg:5000 could not be asked for reg:5000/a/b:1: dial tcp 127.0.0.1:5000: connect: connection refused",
                "the connection",
            ),
            (
                "reg:5000/a/b:1",
                &https,
                "registry_failed",
                "reg:5000 could not be asked for reg:5000/a/b:1: http: server gave HTTP response to HTTPS client",
                "insecure = true",
            ),
            (
                "reg:5000/a/b:1",
                "reading manifest 1 in reg:5000/a/b: manifest unknown",
                "image_unknown",
                "reg:5000 has no image reg:5000/a/b:1",
                "‘skopeo list-tags docker://reg:5000/a/b’",
            ),
            (
                "reg:5000/a",
                "reading manifest latest in reg:5000/a: name unknown: repository name not known to registry",
                "image_unknown",
                "reg:5000 has no image reg:5000/a",
                "‘skopeo list-tags docker://reg:5000/a’",
            ),
            (
                "ghcr.io/a/b:1",
                "reading manifest 1 in ghcr.io/a/b: denied",
                "image_denied",
                "ghcr.io does not show ghcr.io/a/b:1 to everyone",
                "‘skopeo login ghcr.io’",
            ),
            (
                "ghcr.io/a/b:1",
                "toomanyrequests: \\\"slow\\\"",
                "command_failed",
                "skopeo failed: toomanyrequests: \"slow\"",
                "‘skopeo --debug inspect docker://ghcr.io/a/b:1’",
            ),
        ] {
            let problem = refused(image, &log(image, why));
            assert_eq!((&*problem.code, &*problem.message), (code, sentence));
            assert!(problem.hint.as_deref().unwrap_or_default().contains(hint), "{problem:?}");
        }
        let problem = refused("ghcr.io/a/b:1", "panic: something else\n");
        assert_eq!(problem.message, "skopeo failed: panic: something else");
    }
}
