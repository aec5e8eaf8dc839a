// SPDX-License-Identifier: GPL-3.0-or-later
//! Just enough of the GVariant format to read /run/ostree/staged-deployment, an `a{sv}`: which
//! deployment is staged and with which kernel arguments; and to add a dictionary of texts to it.
//! Malformed input yields `None`, never more.

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

/// A serialised `a{sv}` with one more entry, an `a{ss}`.
pub fn with_texts<'t>(dict: &[u8], key: &str, texts: impl Iterator<Item = (&'t str, &'t str)>) -> Option<Vec<u8>> {
    let nul = |text: &str| [text.as_bytes(), b"\0"].concat();
    // The last place of a container is its end, which is not written down for a pair.
    let pair = |key: Vec<u8>, value: &[u8], align: usize| {
        let mut pair = key.clone();
        pair.resize(key.len().next_multiple_of(align), 0);
        pair.extend(value);
        framed(pair, &[key.len()])
    };
    let texts: Vec<Vec<u8>> = texts.map(|(key, value)| pair(nul(key), &nul(value), 1)).collect();
    let texts = array(texts.iter().map(Vec::as_slice), 1);
    let entry = pair(nul(key), &[texts.as_slice(), b"\0a{ss}"].concat(), 8);
    Some(array(elements(dict, 8)?.into_iter().chain([entry.as_slice()]), 8))
}

fn array<'e>(elements: impl Iterator<Item = &'e [u8]>, align: usize) -> Vec<u8> {
    let (mut all, mut ends) = (Vec::new(), Vec::new());
    for element in elements {
        all.resize(all.len().next_multiple_of(align), 0);
        all.extend(element);
        ends.push(all.len());
    }
    framed(all, &ends)
}

/// Puts places behind what they are places in, each in as many bytes as the whole makes necessary.
fn framed(mut content: Vec<u8>, places: &[usize]) -> Vec<u8> {
    let fits = |width: &usize| offset_width(content.len() + width * places.len()) <= *width;
    let width = [1, 2, 4].into_iter().find(fits).unwrap_or(4);
    content.extend(places.iter().flat_map(|place| place.to_le_bytes().into_iter().take(width)));
    content
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
