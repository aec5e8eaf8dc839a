// SPDX-License-Identifier: GPL-3.0-or-later
//! Putting one file of `/etc` back: what the image has there, or what was there before such a step.
//!
//! Invariant: only content that the image or this computer itself once had at the very path is put there; what is
//! replaced and is not the image's is kept first, or nothing is replaced. A file is removed only where such a step put
//! it and there was none before.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::digest::sha256;
use crate::files::{self, Bound};
use crate::host::{Content, Host, OwnedFile};
use crate::i18n::{fill, gettext};
use crate::name::FileDigest;
use crate::problem::Problem;
use crate::tree::FileState;

use super::{EtcPath, HERE, IMAGE, Mode, Side};

/// Where the helper keeps what it replaced.
const KEPT: &str = "/var/lib/bkt/etc";

/// A replaced file: this line, then its content.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    path: EtcPath,
    state: Side,
    owner: (u32, u32),
    label: Option<String>,
    directories: Vec<(u32, (u32, u32))>,
}

/// Makes a file of `/etc` what it is to be.
pub(crate) fn restore(host: &dyn Host, path: &EtcPath, to: Option<&Side>) -> Result<(), Problem> {
    let (base, place) = (host.at(HERE), path.place());
    let (before, image) = (host.owned(&base, place)?, host.owned(&host.at(IMAGE), place)?);
    let told = |file: Option<&OwnedFile>| file.map(|file| side(path, file)).transpose();
    let (now, of_image) = (told(before.as_ref())?, told(image.as_ref())?);
    if now.as_ref() == to {
        return Ok(());
    }
    let wanted = match to {
        None if now == of_image && was_absent(host, path) => None,
        None if now == of_image => {
            return Err(said("not_put_here", &gettext("{file} was not put there by Bucket, and is not removed"), path));
        }
        None => return Err(said("not_of_image", &gettext("{file} is not the image’s, and is not removed"), path)),
        Some(to) if of_image.as_ref() == Some(to) => image,
        Some(to) => Some(kept(host, path, to).ok_or_else(|| {
            said("content_gone", &gettext("neither the image nor this computer has that content of {file}"), path)
        })?),
    };
    if let (Some(before), Some(now)) = (&before, &now)
        && of_image.as_ref() != Some(now)
    {
        keep(host, path, now, before)?;
    }
    if before.is_none() {
        keep_absence(host, path)?;
    }
    let label = before.and_then(|before| before.label);
    let wanted = wanted.map(|file| OwnedFile { label: file.label.or(label), ..file });
    Ok(host.put_owned(&base, place, wanted.as_ref())?)
}

fn said(code: &str, sentence: &str, path: &EtcPath) -> Problem {
    Problem::new(code, fill(sentence, &[("file", path.as_str())]))
}

fn side(path: &EtcPath, file: &OwnedFile) -> Result<Side, Problem> {
    Ok(match &file.content {
        Content::File(content) => {
            let mode = Mode::of(file.mode);
            let executable = mode.bits() & 0o100 != 0;
            Side { file: FileState::File { sha256: FileDigest::of(content), executable }, mode: Some(mode) }
        }
        Content::Link(target) => {
            let not_text = || said("name_not_text", &gettext("{file} points to a name that is not UTF-8 text"), path);
            let link = target.to_str().ok_or_else(not_text)?.to_owned();
            Side { file: FileState::Link { link }, mode: None }
        }
    })
}

/// Where a state of a file is kept.
fn place_of(host: &dyn Host, path: &EtcPath, state: &Side) -> PathBuf {
    host.at(KEPT).join(sha256(serde_json::json!([path, state]).to_string().as_bytes()))
}

fn not_kept(path: &EtcPath, reason: &str) -> Problem {
    let values = [("file", path.as_str()), ("reason", reason)];
    Problem::new("not_kept", fill(&gettext("{file} could not be kept and was not replaced: {reason}"), &values))
}

/// Where it is kept that there was no file.
fn place_of_absence(host: &dyn Host, path: &EtcPath) -> PathBuf {
    host.at(KEPT).join(sha256(serde_json::json!([path]).to_string().as_bytes()))
}

fn keep_absence(host: &dyn Host, path: &EtcPath) -> Result<(), Problem> {
    let text = format!("{}\n", serde_json::json!([path]));
    host.put(&place_of_absence(host, path), text.as_bytes(), 0o600)
        .map_err(|error| not_kept(path, &error.to_string()))?;
    files::prune(&host.at(KEPT), &Bound::COPIES);
    Ok(())
}

fn was_absent(host: &dyn Host, path: &EtcPath) -> bool {
    host.look(&place_of_absence(host, path)).is_ok_and(|found| found.is_some())
}

fn keep(host: &dyn Host, path: &EtcPath, state: &Side, file: &OwnedFile) -> Result<(), Problem> {
    let label = file.label.as_ref().and_then(|label| String::from_utf8(label.clone()).ok());
    let (owner, directories) = (file.owner, file.directories.clone());
    let record = Record { path: path.clone(), state: state.clone(), owner, label, directories };
    let mut bytes = serde_json::to_vec(&record).map_err(|error| not_kept(path, &error.to_string()))?;
    bytes.push(b'\n');
    if let Content::File(content) = &file.content {
        bytes.extend_from_slice(content);
    }
    let at = place_of(host, path, state);
    host.put(&at, &bytes, 0o600).map_err(|error| not_kept(path, &error.to_string()))?;
    files::prune(&host.at(KEPT), &Bound::COPIES);
    Ok(())
}

fn kept(host: &dyn Host, path: &EtcPath, state: &Side) -> Option<OwnedFile> {
    let bytes = host.bytes(&place_of(host, path, state)).ok()??;
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (header, content) = (bytes.get(..end)?, bytes.get(end + 1..)?);
    let record: Record = serde_json::from_slice(header).ok()?;
    let content = match &state.file {
        FileState::File { .. } => Content::File(content.to_vec()),
        FileState::Link { link } => Content::Link(PathBuf::from(link)),
    };
    let (owner, label) = (record.owner, record.label.map(String::into_bytes));
    let mode = state.mode.map_or(0o777, Mode::bits);
    let file = OwnedFile { content, mode, owner, label, directories: record.directories };
    // What was damaged on the disk is not what was kept.
    (record.path == *path && side(path, &file).is_ok_and(|side| side == *state)).then_some(file)
}
