// SPDX-License-Identifier: GPL-3.0-or-later
//! The one program out of a downloaded archive.
//!
//! Invariant: exactly one member is unpacked, a regular file, into the directory of the download.

use std::path::{Path, PathBuf};

use crate::host::{FileKind, Host, Invocation};
use crate::name::BinaryName;
use crate::problem::Problem;

use super::tool;

/// How a file is packed, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Packing {
    /// `tar`, compressed in a way GNU tar knows.
    Tar,
    /// `zip`.
    Zip,
    /// One file, compressed by gzip.
    Gzip,
    /// Not at all.
    Plain,
}

impl Packing {
    /// Of a file of this name.
    pub(crate) fn of(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
        if ends(&[".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz", ".tar.zst"]) {
            Self::Tar
        } else if ends(&[".zip"]) {
            Self::Zip
        } else if ends(&[".gz"]) {
            Self::Gzip
        } else {
            Self::Plain
        }
    }
}

/// The program in a downloaded file, which is used up.
pub(crate) fn program(host: &dyn Host, file: &Path, name: &BinaryName) -> Result<PathBuf, Problem> {
    let (Some(directory), Some(text)) = (file.parent(), file.to_str()) else {
        return Err(Problem::new("internal", "the download’s place is not UTF-8"));
    };
    let into = directory.to_str().unwrap_or_default();
    let unpacked = match Packing::of(text) {
        Packing::Plain => return Ok(file.to_owned()),
        Packing::Gzip => {
            tool(host, &Invocation::new("gzip", ["--decompress", "--force", "--", text]), "unpack the download")?;
            return Ok(file.with_extension(""));
        }
        Packing::Tar => {
            let list = tool(host, &Invocation::new("tar", ["--list", "--file", text]), "unpack the download")?;
            let member = member(&list, name).map_err(|reason| unfound(file, &reason))?;
            let depth = member.matches('/').count().to_string();
            let options =
                ["--extract", "--file", text, "--directory", into, "--no-same-owner", "--no-same-permissions"];
            let extract = Invocation::new("tar", options).arg("--strip-components").arg(depth).arg("--").arg(member);
            tool(host, &extract, "unpack the download")?;
            directory.join(member.rsplit('/').next().unwrap_or_default())
        }
        Packing::Zip => {
            let list = tool(host, &Invocation::new("unzip", ["-Z1", text]), "unpack the download")?;
            let member = member(&list, name).map_err(|reason| unfound(file, &reason))?;
            tool(
                host,
                &Invocation::new("unzip", ["-o", "-qq", "-j", "-d", into, text, member]),
                "unpack the download",
            )?;
            directory.join(member.rsplit('/').next().unwrap_or_default())
        }
    };
    host.remove(file)?;
    match host.look(&unpacked)? {
        Some(facts) if facts.kind == FileKind::File => Ok(unpacked),
        _ => {
            host.remove(&unpacked)?;
            Err(unfound(file, "what has the program’s name there is no file"))
        }
    }
}

fn unfound(file: &Path, reason: &str) -> Problem {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    Problem::new("program_not_found", format!("{name}: {reason}"))
        .hinted("Name the program in it with --binary, or another file of the release with --asset")
}

/// The member that is the program: the one of that name, else the only one whose name begins like it, as
/// `yq_linux_amd64` does.
fn member<'l>(list: &'l str, name: &BinaryName) -> Result<&'l str, String> {
    let is_plain = |member: &&str| {
        !member.starts_with(['/', '-'])
            && !member.contains(['*', '?', '[', '\\'])
            && member.split('/').all(|part| part != "..")
            && !member.ends_with('/')
    };
    let files: Vec<&str> = list.lines().filter(is_plain).collect();
    let base = |member: &str| member.rsplit('/').next().unwrap_or_default().to_owned();
    let mut same: Vec<&str> = files.iter().copied().filter(|member| base(member) == name.as_str()).collect();
    // A completion script may have the program’s name, too; the program is in `bin`, or least deep.
    same.sort_by_key(|member| (!member.contains("bin/"), member.matches('/').count()));
    if let Some(first) = same.first() {
        return Ok(first);
    }
    let begins = |member: &&str| {
        let rest = base(member).strip_prefix(name.as_str()).map(str::to_owned);
        rest.is_some_and(|rest| rest.starts_with(['-', '_']) && !rest.contains('.'))
    };
    match files.iter().copied().filter(begins).collect::<Vec<_>>()[..] {
        [one] => Ok(one),
        _ => Err(format!("it holds no program ‘{name}’")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_and_nothing_that_leads_out() {
        let name: BinaryName = "rg".parse().unwrap();
        let list = "ripgrep-14/\nripgrep-14/doc/rg.1\nripgrep-14/complete/x/rg\nripgrep-14/rg\n";
        assert_eq!(member(list, &name), Ok("ripgrep-14/rg"));
        assert_eq!(member("a/rg\na/b/bin/rg\n", &name), Ok("a/b/bin/rg"));
        assert_eq!(member("../rg\n/rg\nx/../../rg\n--rg\n", &name), Err("it holds no program ‘rg’".to_owned()));
        assert_eq!(member("./rg_linux_amd64\nrg.1\n", &name), Ok("./rg_linux_amd64"));
        assert!(member("rg-a\nrg-b\n", &name).is_err());
    }

    #[test]
    fn the_packing_is_told_by_the_name() {
        for (name, packing) in [
            ("a.tar.gz", Packing::Tar),
            ("a.TGZ", Packing::Tar),
            ("a.zip", Packing::Zip),
            ("a.gz", Packing::Gzip),
            ("a-x86_64", Packing::Plain),
        ] {
            assert_eq!(Packing::of(name), packing, "{name}");
        }
    }
}
