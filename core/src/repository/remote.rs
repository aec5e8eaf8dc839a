// SPDX-License-Identifier: GPL-3.0-or-later
//! Where a branch is pushed, and which branch it is to be merged into.
//!
//! Source of the order: git-config(1), `remote.pushDefault`, `branch.NAME.pushRemote` and `branch.NAME.remote`.
//!
//! Invariant: only reads.

use super::{Repository, RepositoryError, Status, forge};

/// Where changes go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// The remote that is pushed to.
    pub push: String,
    /// Its address, with the server's real name.
    pub push_url: String,
    /// The remote whose branch they are for: the one a fork was made from, else the same.
    pub base: String,
    /// Its address, with the server's real name.
    pub base_url: String,
    /// The branch they are for.
    pub branch: String,
}

impl Repository<'_> {
    /// Finds out where changes go from here.
    ///
    /// # Errors
    /// There is no remote, or git fails.
    pub fn way(&self, status: &Status) -> Result<Way, RepositoryError> {
        let remotes = self.ask(["remote"])?.unwrap_or_default();
        let remotes: Vec<&str> = remotes.lines().collect();
        let named = |name: &str| self.ask(["config", "--get", name]);
        let of_branch = |what: &str| match &status.branch {
            Some(branch) => named(&format!("branch.{branch}.{what}")),
            None => Ok(None),
        };
        let wanted = [of_branch("pushRemote")?, named("remote.pushDefault")?, of_branch("remote")?];
        let known = |name: &&String| remotes.contains(&name.as_str());
        let push = match wanted.iter().flatten().find(known) {
            Some(name) => name.as_str(),
            None if remotes.contains(&"origin") => "origin",
            None => remotes.first().copied().ok_or(RepositoryError::NoRemote)?,
        };
        // A fork is pushed to; what it was made from is the remote the branch follows, or the one that was cloned.
        let [.., followed] = &wanted;
        let followed = followed.as_ref().filter(known).map(String::as_str).filter(|name| *name != push);
        let base = match followed {
            _ if remotes.contains(&"upstream") => "upstream",
            Some(followed) => followed,
            None if remotes.contains(&"origin") => "origin",
            None => push,
        };
        let url = |name: &str, push: bool| -> Result<String, RepositoryError> {
            let args = if push { vec!["remote", "get-url", "--push", name] } else { vec!["remote", "get-url", name] };
            Ok(self.with_real_host(self.git(args)?.trim_end()))
        };
        Ok(Way {
            push: push.to_owned(),
            push_url: url(push, true)?,
            base: base.to_owned(),
            base_url: url(base, false)?,
            branch: self.base_branch(status, base)?,
        })
    }

    /// An address with the name its server really has, where ssh knows another for it (`Host` and `HostName`,
    /// ssh_config(5)). Only ssh itself can tell: such a file may include others, and have conditions.
    fn with_real_host(&self, url: &str) -> String {
        let real = || {
            let at = forge::ssh_host(url)?;
            let output = self.host.run(&self.tools.invocation("ssh", ["-G", "--", url.get(at.clone())?])).ok()?;
            let said = output.success("ssh").ok()?;
            let name = said.lines().find_map(|line| line.strip_prefix("hostname "))?;
            let mut real = url.to_owned();
            // The servers that answer ssh on port 443.
            real.replace_range(
                at,
                match name {
                    "ssh.github.com" => "github.com",
                    "altssh.gitlab.com" => "gitlab.com",
                    name => name,
                },
            );
            Some(real)
        };
        real().unwrap_or_else(|| url.to_owned())
    }

    /// The branch of a remote that is its main one.
    fn base_branch(&self, status: &Status, remote: &str) -> Result<String, RepositoryError> {
        let head = self.ask(["symbolic-ref", "--quiet", "--short", &format!("refs/remotes/{remote}/HEAD")])?;
        let of_remote = |name: &String| name.strip_prefix(&format!("{remote}/")).map(str::to_owned);
        if let Some(branch) = head.as_ref().and_then(of_remote) {
            return Ok(branch);
        }
        if let Some(branch) = status.upstream.as_ref().and_then(of_remote).filter(|branch| !branch.starts_with("bkt/"))
        {
            return Ok(branch);
        }
        for name in ["main", "master"] {
            let reference = format!("refs/remotes/{remote}/{name}");
            if self.ask(["rev-parse", "--verify", "--quiet", &reference])?.is_some() {
                return Ok(name.to_owned());
            }
        }
        Ok(status.branch.clone().unwrap_or_else(|| "main".to_owned()))
    }

    /// The titles of the commits that are here and not on the branch they are for.
    ///
    /// # Errors
    /// git fails.
    pub fn unmerged(&self, way: &Way) -> Result<Vec<String>, RepositoryError> {
        let base = format!("refs/remotes/{}/{}", way.base, way.branch);
        if self.ask(["rev-parse", "--verify", "--quiet", &base])?.is_none() {
            return Ok(Vec::new());
        }
        let log = self.git(["log", "--format=%s", "--max-count=100", &format!("{base}..HEAD")])?;
        Ok(log.lines().map(str::to_owned).collect())
    }
}
