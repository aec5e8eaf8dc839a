// SPDX-License-Identifier: GPL-3.0-or-later
//! Just enough of the GVariant format to read /run/ostree/staged-deployment, an `a{sv}`: which
//! deployment is staged and with which kernel arguments. Malformed input yields `None`, never more.

/// The value of `key` in a serialised `a{sv}`, with its type string.
pub fn lookup<'a>(dict: &'a [u8], key: &str) -> Option<(&'a [u8], &'a str)> {
    elements(dict, 8)?.into_iter().find_map(|entry| {
        let width = offset_width(entry.len());
        let key_end = offset_at(entry, entry.len().checked_sub(width)?, width)?;
        if entry.get(..key_end)? != [key.as_bytes(), b"\0"].concat() {
            return None;
        }
        let variant = entry.get(key_end.next_multiple_of(8)..entry.len() - width)?;
        let split = variant.iter().rposition(|byte| *byte == 0)?;
        Some((variant.get(..split)?, str::from_utf8(variant.get(split + 1..)?).ok()?))
    })
}

/// The strings of a serialised `as`.
pub fn strings(array: &[u8]) -> Option<Vec<String>> {
    elements(array, 1)?
        .into_iter()
        .map(|element| String::from_utf8(element.strip_suffix(b"\0")?.to_vec()).ok())
        .collect()
}

/// The elements of an array whose elements have no fixed size: their ends stand behind the last.
fn elements(array: &[u8], align: usize) -> Option<Vec<&[u8]>> {
    if array.is_empty() {
        return Some(Vec::new());
    }
    let width = offset_width(array.len());
    let table = offset_at(array, array.len().checked_sub(width)?, width)?;
    let mut start = 0_usize;
    let mut found = Vec::new();
    for at in (table..array.len()).step_by(width) {
        let end = offset_at(array, at, width)?;
        found.push(array.get(start.next_multiple_of(align)..end)?);
        start = end;
    }
    Some(found)
}

fn offset_width(size: usize) -> usize {
    match size {
        0..=0xff => 1,
        0x100..=0xffff => 2,
        _ => 4,
    }
}

fn offset_at(bytes: &[u8], at: usize, width: usize) -> Option<usize> {
    let bytes = bytes.get(at..at.checked_add(width)?)?;
    Some(bytes.iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
}
