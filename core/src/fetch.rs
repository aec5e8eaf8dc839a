// SPDX-License-Identifier: GPL-3.0-or-later
//! Downloads, by curl as the person: their proxy and certificates in `~/.curlrc` count.
//!
//! Invariant: over HTTPS only, also where an answer leads elsewhere; what is downloaded is not executable, and
//! is gone again when its checksum is not the expected one.

pub(crate) mod archive;
pub(crate) mod github;

use std::path::{Path, PathBuf};

use crate::host::{Host, HostError, Invocation, last_words};
use crate::name::{HttpsUrl, Sha256};
use crate::problem::Problem;

/// Where downloads wait, inside the person's home.
const DIRECTORY: &str = ".cache/bkt/fetch";

/// The person's home, which all of this happens in.
pub(crate) fn home(host: &dyn Host) -> Result<PathBuf, Problem> {
    let missing = || Problem::new("no_home", "there is no home directory to keep programs in");
    Ok(host.home().ok_or_else(missing)?.to_owned())
}

/// The directory for the downloads of one item.
pub(crate) fn directory(host: &dyn Host, item: &str) -> Result<PathBuf, Problem> {
    Ok(home(host)?.join(DIRECTORY).join(item.replace(' ', "_")))
}

fn curl<'a>(more: impl IntoIterator<Item = &'a str>, url: &'a HttpsUrl) -> Invocation {
    let fixed = ["--fail", "--silent", "--show-error", "--location", "--globoff", "--connect-timeout", "30"];
    let https = ["--proto", "=https", "--proto-redir", "=https", "--max-redirs", "5"];
    Invocation::new("curl", fixed.into_iter().chain(https).chain(more).chain(["--url", url.as_str()]))
}

/// The text at an address; `None` where the server says that there is nothing.
pub(crate) fn text(host: &dyn Host, url: &HttpsUrl, accept: &str) -> Result<Option<String>, Problem> {
    let header = format!("Accept: {accept}");
    let said = host.run(&curl(["--max-time", "60", "--header", &header], url))?;
    match said.status {
        0 => Ok(Some(said.stdout)),
        22 if said.stderr.trim_end().ends_with(": 404") => Ok(None),
        _ => Err(failed(url, &last_words(&said.stderr))),
    }
}

/// Downloads a file and gives its checksum, which is the expected one where there is one.
pub(crate) fn file(host: &dyn Host, url: &HttpsUrl, to: &Path, expected: Option<&Sha256>) -> Result<Sha256, Problem> {
    let path = to.to_str().ok_or_else(|| Problem::new("internal", "the download’s place is not UTF-8"))?;
    let said = host.run(&curl(["--create-dirs", "--output", path], url))?;
    if said.status != 0 {
        host.remove(to)?;
        return Err(failed(url, &last_words(&said.stderr)));
    }
    let digest = host.digest(to)?.unwrap_or_default();
    let digest: Sha256 = digest.parse().map_err(|_| failed(url, "nothing was downloaded"))?;
    if let Some(expected) = expected.filter(|expected| **expected != digest) {
        host.remove(to)?;
        let message = format!("{url} does not have the expected checksum: it is {digest}, not {expected}");
        return Err(Problem::new("checksum_mismatch", message).hinted("Do not use it before you know why"));
    }
    Ok(digest)
}

fn failed(url: &HttpsUrl, reason: &str) -> Problem {
    let reason = reason.strip_prefix("curl: ").unwrap_or(reason);
    let problem = Problem::new("not_downloaded", format!("{url} could not be downloaded: {reason}"));
    if reason.contains("403") || reason.contains("429") {
        return problem.hinted("GitHub answers only so many questions an hour; try again later");
    }
    problem.hinted("Look whether this computer is online and try again")
}

/// Runs a tool of a download, and says what it is needed for when it is missing.
pub(crate) fn tool(host: &dyn Host, invocation: &Invocation, purpose: &str) -> Result<String, Problem> {
    match host.run(invocation) {
        Err(HostError::Missing(program)) => {
            Err(Problem::new("command_missing", format!("{program} is needed to {purpose} and is not installed")))
        }
        said => Ok(said?.success(&invocation.program)?),
    }
}
