// SPDX-License-Identifier: GPL-3.0-or-later
//! Pull requests: by the person's `gh` where the remote is one it knows, else by the page that opens one.
//!
//! Invariant: `gh` is asked nothing on a terminal, and no token passes through here.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::branch::Pushed;
use super::remote::Way;
use super::{Repository, RepositoryError, reason};
use crate::host::HostError;

/// Whose software a remote runs, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Make {
    GitHub,
    GitLab,
    Forgejo,
    Unknown,
}

/// A repository at a forge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// The server.
    pub host: String,
    /// Its owner and name, and groups between.
    pub path: String,
}

impl Project {
    /// Reads a remote's address: `https://HOST/OWNER/NAME.git`, `ssh://git@HOST/…`, `git@HOST:OWNER/NAME`.
    #[must_use]
    pub fn of(url: &str) -> Option<Self> {
        let (host, path) = match url.split_once("://") {
            Some(("https" | "http" | "ssh" | "git", rest)) => rest.split_once('/')?,
            Some(_) => return None,
            None => url.split_once(':').filter(|(host, _)| !host.contains('/'))?,
        };
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        let host = host.split_once(':').map_or(host, |(host, _)| host);
        let path = path.trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        let plain =
            |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-._/~".contains(c));
        (plain(host) && plain(path) && path.contains('/'))
            .then(|| Self { host: host.to_owned(), path: path.to_owned() })
    }

    /// The one who owns it.
    #[must_use]
    pub fn owner(&self) -> &str {
        self.path.split_once('/').map_or("", |(owner, _)| owner)
    }

    fn make(&self) -> Make {
        let top = self.host.rsplit('.').next().unwrap_or_default();
        match self.host.as_str() {
            "codeberg.org" => Make::Forgejo,
            // `github.com-work` is no name of a server, but one that ssh alone would understand.
            _ if top.contains('-') && !top.starts_with("xn--") => Make::Unknown,
            host if host.starts_with("github.") || host.ends_with(".ghe.com") => Make::GitHub,
            host if host.split('.').any(|part| part == "gitlab") => Make::GitLab,
            host if host.split('.').any(|part| part == "forgejo" || part == "gitea") => Make::Forgejo,
            _ => Make::Unknown,
        }
    }
}

/// Servers that nobody means another by.
const KNOWN: [&str; 3] = ["github.com", "gitlab.com", "codeberg.org"];

/// Where in an address ssh's word for a server stands, which may be another than the server's name.
pub(super) fn ssh_host(url: &str) -> Option<Range<usize>> {
    let begin = if url.starts_with("ssh://") { "ssh://".len() } else { 0 };
    let end = begin + url.get(begin..)?.find(if begin == 0 { ':' } else { '/' })?;
    let rest = url.get(end..)?;
    if begin == 0 && (rest.starts_with("://") || rest.starts_with("::")) {
        return None;
    }
    let authority = url.get(begin..end)?;
    let begin = begin + authority.rfind('@').map_or(0, |at| at + 1);
    let host = url.get(begin..end)?;
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    // Not what could be an option, or a folder with a colon in its name.
    let plain = !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
    (plain && !host.starts_with('-') && !KNOWN.contains(&host)).then(|| begin..begin + host.len())
}

/// Where changes are merged, and where they are pushed to.
fn projects(way: &Way) -> Option<(Project, Project)> {
    let base = Project::of(&way.base_url)?;
    // The same remote may be pushed to by an address that says nothing (`url.X.pushInsteadOf`).
    let push = Project::of(&way.push_url).or_else(|| (way.base == way.push).then(|| base.clone()))?;
    Some((base, push))
}

/// The page on which a pushed branch is made a pull request.
#[must_use]
pub fn compare_url(way: &Way, branch: &str) -> Option<String> {
    let (base, push) = projects(way)?;
    let target = &way.branch;
    let from = if base.path == push.path { branch.to_owned() } else { format!("{}:{branch}", push.owner()) };
    let (host, path) = (&base.host, &base.path);
    match base.make() {
        Make::GitHub => Some(format!("https://{host}/{path}/compare/{target}...{from}?expand=1")),
        Make::Forgejo => Some(format!("https://{host}/{path}/compare/{target}...{from}")),
        Make::GitLab => {
            let query = format!("merge_request%5Bsource_branch%5D={branch}&merge_request%5Btarget_branch%5D={target}");
            Some(format!("https://{host}/{}/-/merge_requests/new?{query}", push.path))
        }
        Make::Unknown => None,
    }
}

/// Whether pull requests can be made by `gh`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gh {
    /// It is there and signed in.
    Ready,
    /// It is not installed.
    Missing,
    /// It is not signed in there.
    SignedOut,
    /// The remote is no GitHub.
    NotGitHub,
}

/// What a pull request is to say.
#[derive(Debug, Clone, Copy)]
pub struct Words<'a> {
    /// Its title.
    pub title: &'a str,
    /// What it says below.
    pub body: &'a str,
    /// Whether it is not to be merged yet.
    pub draft: bool,
}

/// A pull request, as the forge tells of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Its number.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Its page.
    pub url: String,
    /// The branch it is from.
    #[serde(rename(deserialize = "headRefName"))]
    pub branch: String,
    /// Whether it is not to be merged yet.
    #[serde(rename(deserialize = "isDraft"), default)]
    pub draft: bool,
    /// How its checks stand.
    #[serde(rename(deserialize = "statusCheckRollup"), deserialize_with = "rollup", default)]
    pub checks: Checks,
}

/// How checks stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Checks {
    /// There are none.
    #[default]
    None,
    /// Some have not ended.
    Running,
    /// All passed.
    Passed,
    /// One failed.
    Failed,
}

/// The last run of a workflow on a branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    /// The workflow.
    #[serde(rename(deserialize = "workflowName"))]
    pub workflow: String,
    /// The commit it was made from.
    #[serde(rename(deserialize = "headSha"))]
    pub commit: String,
    /// Its page.
    pub url: String,
    /// `completed` or what it is doing.
    pub status: String,
    /// `success` or what became of it; empty meanwhile.
    pub conclusion: String,
}

fn rollup<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Checks, D::Error> {
    #[derive(Deserialize)]
    struct Check {
        #[serde(default)]
        status: String,
        #[serde(default)]
        conclusion: String,
        #[serde(default)]
        state: String,
    }
    let checks = Option::<Vec<Check>>::deserialize(deserializer)?.unwrap_or_default();
    let failed = ["FAILURE", "ERROR", "CANCELLED", "TIMED_OUT", "ACTION_REQUIRED", "STARTUP_FAILURE"];
    let is_failed =
        |check: &Check| failed.contains(&check.conclusion.as_str()) || failed.contains(&check.state.as_str());
    // A check run has a status, a commit status a state.
    let is_running = |check: &Check| match check.state.as_str() {
        "" => check.status != "COMPLETED",
        state => matches!(state, "PENDING" | "EXPECTED"),
    };
    Ok(match checks.as_slice() {
        [] => Checks::None,
        all if all.iter().any(is_failed) => Checks::Failed,
        all if all.iter().any(is_running) => Checks::Running,
        _ => Checks::Passed,
    })
}

impl Repository<'_> {
    fn gh<'a>(&self, args: impl IntoIterator<Item = &'a str>, input: Option<&str>) -> Result<String, RepositoryError> {
        let mut invocation = self.tools.invocation("gh", args);
        invocation.input = input.map(str::to_owned);
        let output = self.host.run(&invocation)?;
        if output.status == 0 {
            return Ok(output.stdout);
        }
        Err(RepositoryError::Remote { remote: "gh".to_owned(), reason: reason(&output) })
    }

    /// Whether `gh` can make a pull request for a remote.
    ///
    /// # Errors
    /// `gh` cannot be started.
    pub fn gh_state(&self, way: &Way) -> Result<Gh, RepositoryError> {
        let Some(project) = Project::of(&way.base_url).filter(|project| project.make() == Make::GitHub) else {
            return Ok(Gh::NotGitHub);
        };
        // Asks for the token alone: whether it is any good needs the network.
        match self.host.run(&self.tools.invocation("gh", ["auth", "token", "--hostname", &project.host])) {
            Ok(output) if output.status == 0 && !output.stdout.trim().is_empty() => Ok(Gh::Ready),
            Ok(_) => Ok(Gh::SignedOut),
            Err(HostError::Missing(_)) => Ok(Gh::Missing),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens a pull request for a pushed branch; gives its page.
    ///
    /// # Errors
    /// `gh` fails: no network, no permission.
    pub fn open_request(&self, way: &Way, pushed: &Pushed, words: Words<'_>) -> Result<String, RepositoryError> {
        let (base, push) = projects(way).ok_or(RepositoryError::NoRemote)?;
        let repository = format!("{}/{}", base.host, base.path);
        let branch = &pushed.branch;
        let head = if base.path == push.path { branch.clone() } else { format!("{}:{branch}", push.owner()) };
        let mut args = vec!["pr", "create", "--repo", &repository, "--head", &head, "--base", &way.branch];
        args.extend(["--title", words.title, "--body-file", "-"]);
        args.extend(words.draft.then_some("--draft"));
        let said = self.gh(args, Some(words.body))?;
        let url = said.lines().rev().map(str::trim).find(|line| line.starts_with("http"));
        url.map(str::to_owned)
            .ok_or_else(|| RepositoryError::Remote { remote: "gh".to_owned(), reason: said.trim().to_owned() })
    }

    /// The open pull requests of this setup's own branches.
    ///
    /// # Errors
    /// `gh` fails, or says what cannot be read.
    pub fn requests(&self, way: &Way) -> Result<Vec<Request>, RepositoryError> {
        let fields = "number,title,url,headRefName,isDraft,statusCheckRollup";
        let repository = Project::of(&way.base_url).map(|base| format!("{}/{}", base.host, base.path));
        let repository = repository.ok_or(RepositoryError::NoRemote)?;
        let args = ["pr", "list", "--repo", &repository, "--author", "@me", "--state", "open", "--json", fields];
        read_json(&self.gh(args, None)?)
    }

    /// The last run of a workflow on the branch changes are for.
    ///
    /// # Errors
    /// `gh` fails, or says what cannot be read.
    pub fn build(&self, way: &Way) -> Result<Option<Build>, RepositoryError> {
        let fields = "workflowName,headSha,url,status,conclusion";
        let repository = Project::of(&way.base_url).map(|base| format!("{}/{}", base.host, base.path));
        let repository = repository.ok_or(RepositoryError::NoRemote)?;
        let args = ["run", "list", "--repo", &repository, "--branch", &way.branch, "--limit", "1", "--json", fields];
        Ok(read_json::<Vec<Build>>(&self.gh(args, None)?)?.into_iter().next())
    }
}

fn read_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, RepositoryError> {
    serde_json::from_str(text)
        .map_err(|error| RepositoryError::Remote { remote: "gh".to_owned(), reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(push: &str, base: &str) -> Way {
        Way {
            push: "origin".to_owned(),
            push_url: push.to_owned(),
            base: "upstream".to_owned(),
            base_url: base.to_owned(),
            branch: "main".to_owned(),
        }
    }

    #[test]
    fn addresses_of_all_forms_are_read() {
        for url in [
            "https://github.com/sam/setup.git",
            "https://sam:secret@github.com/sam/setup",
            "ssh://git@github.com:22/sam/setup.git",
            "git@github.com:sam/setup.git",
        ] {
            assert_eq!(
                Project::of(url),
                Some(Project { host: "github.com".into(), path: "sam/setup".into() }),
                "{url}"
            );
        }
        for url in ["/srv/git/setup.git", "../setup", "file:///srv/setup", "ext::sh -c evil", "git@host:one"] {
            assert_eq!(Project::of(url), None, "{url}");
        }
    }

    #[test]
    fn the_words_that_ssh_may_know_another_name_for_are_found() {
        for (url, host) in [
            ("git@github.com-work:sam/setup.git", "github.com-work"),
            ("work:sam/setup.git", "work"),
            ("ssh://git@work:2222/sam/setup", "work"),
            ("ssh://work/sam/setup", "work"),
        ] {
            assert_eq!(ssh_host(url).and_then(|at| url.get(at)), Some(host), "{url}");
        }
        for url in [
            "git@github.com:sam/setup.git",
            "https://github.example/sam/setup",
            "git://x/sam/setup",
            "-oProxyCommand=x:sam/setup",
            "git@-x:sam/setup",
            "./a:b/c",
            "/srv/setup.git",
            "ext::sh -c evil",
            "ssh://work",
        ] {
            assert_eq!(ssh_host(url), None, "{url}");
        }
        let of = |url: &str| Project::of(url).map(|project| project.make());
        assert_eq!(of("git@github.com-work:sam/setup"), Some(Make::Unknown));
        assert_eq!(of("git@github.example.com:sam/setup"), Some(Make::GitHub));
    }

    #[test]
    fn the_page_that_opens_a_request_names_the_fork() {
        let own = way("git@github.com:sam/setup.git", "https://github.com/sam/setup");
        assert_eq!(compare_url(&own, "bkt/x").unwrap(), "https://github.com/sam/setup/compare/main...bkt/x?expand=1");
        let fork = way("git@github.com:sam/setup.git", "https://github.com/ublue-os/setup");
        assert_eq!(
            compare_url(&fork, "bkt/x").unwrap(),
            "https://github.com/ublue-os/setup/compare/main...sam:bkt/x?expand=1"
        );
        let lab = way("https://gitlab.gnome.org/sam/setup.git", "https://gitlab.gnome.org/sam/setup.git");
        assert!(compare_url(&lab, "bkt/x").unwrap().contains("/-/merge_requests/new?"));
        assert_eq!(compare_url(&way("/srv/setup.git", "/srv/setup.git"), "bkt/x"), None);
    }

    #[test]
    fn checks_are_summed_up() {
        let request = |rollup: &str| -> Request {
            let text = format!(
                r#"{{"number":1,"title":"t","url":"u","headRefName":"bkt/x","isDraft":true,"statusCheckRollup":{rollup}}}"#
            );
            read_json(&text).unwrap()
        };
        assert_eq!(request("[]").checks, Checks::None);
        assert_eq!(
            request(r#"[{"status":"COMPLETED","conclusion":"SUCCESS"},{"state":"SUCCESS"}]"#).checks,
            Checks::Passed
        );
        assert_eq!(
            request(r#"[{"status":"IN_PROGRESS","conclusion":""},{"state":"SUCCESS"}]"#).checks,
            Checks::Running
        );
        assert_eq!(
            request(r#"[{"status":"COMPLETED","conclusion":"FAILURE"},{"state":"PENDING"}]"#).checks,
            Checks::Failed
        );
    }
}
