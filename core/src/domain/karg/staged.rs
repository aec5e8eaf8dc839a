// SPDX-License-Identifier: GPL-3.0-or-later
//! The kernel arguments of a deployment that is only staged: `/run/ostree/staged-deployment`, a GVariant of type
//! `a{sv}`, is all there is of its boot entry until the shutdown. `kargs` holds its arguments; since libostree 2026.1
//! `bootconfig-extra` holds the keys of the entry that are not ostree's, such as the sources of arguments.
//!
//! Invariant: malformed bytes are no answer, and never more than that.

use crate::host::{Host, HostError};

use super::boot::Entry;

/// Where ostree keeps it; anyone may read it.
const STAGED: &str = "/run/ostree/staged-deployment";
/// What is there when the shutdown is to drop it.
const LOCKED: &str = "/run/ostree/staged-deployment-locked";

/// The boot entry that the staged deployment will have; `None` where nothing is staged for the next start.
///
/// # Errors
/// The file is there but cannot be read, or is not ostree's.
pub(super) fn entry(host: &dyn Host) -> Result<Option<Entry>, HostError> {
    if host.look(&host.at(LOCKED))?.is_some() {
        return Ok(None);
    }
    let path = host.at(STAGED);
    let Some(bytes) = host.bytes(&path)? else { return Ok(None) };
    let unreadable = || HostError::File { path, source: std::io::ErrorKind::InvalidData.into() };
    parse(&bytes).ok_or_else(unreadable).map(Some)
}

/// Reads the dictionary.
fn parse(bytes: &[u8]) -> Option<Entry> {
    let mut found = Entry::default();
    let mut is_told = false;
    for entry in elements(bytes, 8)? {
        let (key, rest) = pair(entry, 8)?;
        let (value, kind) = variant(rest)?;
        match (key, kind) {
            ("kargs", "as") => {
                found.options = elements(value, 1)?.into_iter().map(text).collect::<Option<Vec<_>>>()?.join(" ");
                is_told = true;
            }
            ("bootconfig-extra", "a{ss}") => {
                for entry in elements(value, 1)? {
                    let (key, value) = pair(entry, 1)?;
                    found.note(key, text(value)?);
                }
            }
            _ => {}
        }
    }
    is_told.then_some(found)
}

/// Key and value of a dictionary entry, whose value begins at a multiple of `align`.
fn pair(entry: &[u8], align: usize) -> Option<(&str, &[u8])> {
    let width = width(entry.len());
    let table = entry.len().checked_sub(width)?;
    let end = number(entry.get(table..)?);
    Some((text(entry.get(..end)?)?, entry.get(end.checked_next_multiple_of(align)?..table)?))
}

/// A value with its type.
fn variant(bytes: &[u8]) -> Option<(&[u8], &str)> {
    let split = bytes.iter().rposition(|byte| *byte == 0)?;
    Some((bytes.get(..split)?, str::from_utf8(bytes.get(split + 1..)?).ok()?))
}

fn text(bytes: &[u8]) -> Option<&str> {
    str::from_utf8(bytes.strip_suffix(b"\0")?).ok().filter(|text| !text.contains('\0'))
}

/// The elements of an array, none of a fixed size: where each ends stands behind the last.
fn elements(array: &[u8], align: usize) -> Option<Vec<&[u8]>> {
    let width = width(array.len());
    let Some(last) = array.len().checked_sub(width) else { return array.is_empty().then(Vec::new) };
    let table = array.get(number(array.get(last..)?)..)?;
    let mut start = 0_usize;
    let element = |end: &[u8]| {
        let end = number(end);
        let element = array.get(start.checked_next_multiple_of(align)?..end)?;
        start = end;
        Some(element)
    };
    table.chunks(width).map(element).collect()
}

/// How many bytes a place takes in a container of this size.
const fn width(size: usize) -> usize {
    match size {
        0 => 1,
        1..=0xff => 1,
        0x100..=0xffff => 2,
        0x1_0000..=0xffff_ffff => 4,
        _ => 8,
    }
}

/// A place, as this computer writes numbers.
fn number(bytes: &[u8]) -> usize {
    let add = |sum: usize, byte: &u8| sum << 8 | usize::from(*byte);
    if cfg!(target_endian = "big") { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::KernelArgument;

    /// `{'kargs': <['rw', 'a=1', 'b=2']>, 'bootconfig-extra': <{'x-options-source-bkt': 'a=1 b=2',
    /// 'x-options-source-tuned': '', 'x-other': 'q'}>, 'locked': <false>}` as GLib serialises it.
    const STAGED: &[u8] = b"kargs\0\0\0rw\0a=1\0b=2\0\x03\x07\x0b\0as\x06\0\0\0\0\0\0\
        bootconfig-extra\0\0\0\0\0\0\0\0x-options-source-bkt\0a=1 b=2\0\x15x-options-source-tuned\0\0\x17\
        x-other\0q\0\x08\x1e7B\0a{ss}\x11\0\0\0\0locked\0\0\0\0b\x07\x1a\x84\x94";

    #[test]
    fn a_staged_deployment_tells_its_arguments_and_whose_they_are() {
        let entry = parse(STAGED).unwrap();
        assert_eq!(entry.options, "rw a=1 b=2");
        assert_eq!(entry.ours, ["a=1", "b=2"]);
        let a: KernelArgument = "a=1".parse().unwrap();
        assert_eq!(entry.owners.get(&a).map(String::as_str), Some("bkt"));
    }

    #[test]
    fn what_is_not_ostrees_is_no_answer() {
        assert_eq!(parse(b""), None);
        assert_eq!(parse(b"kargs"), None);
        for end in 0..STAGED.len() {
            let _ = parse(&STAGED[..end]);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_end_the_program(at in 0..STAGED.len(), with: [u8; 3]) {
            let mut bytes = STAGED.to_vec();
            bytes.splice(at..(at + 2).min(STAGED.len()), with);
            let _ = parse(&bytes);
            let _ = parse(&with);
        }
    }
}
